/*
 * daemon_callback: what vigild does before and after each callback of a module.
 *
 * It runs for each tick of each daemon, so it makes no system call except to read the clock, which
 * is none on Linux.  Most checks compare one value.  process_guard.h says which checks of the
 * process are made less often.
 *
 * A library that a module uses has callbacks of its own on the event base.  A gate counts them as
 * callbacks of the daemon.  The gate outlives the daemon, because such a library may call when the
 * daemon has stopped.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/c_locale.h"
#include "base/memory.h"
#include "daemon/api_fd.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"
#include "persist/crash_marker.h"
#include "process/process_guard.h"

/* A callback that blocks the loop for this long is logged. */
#define LONG_CALLBACK (250 * CLOCK_MS)
#define EARLY         16 /* callbacks of a daemon */

static struct vigil_daemon *current;

struct vigil_daemon *daemon_current(void)
{
	return current;
}

const char *daemon_current_callback(void)
{
	return current != NULL ? current->callback : NULL;
}

void daemon_assert_owner(const struct vigil_daemon *d)
{
	if (d->candidate == NULL)
		LOOP_ASSERT_OWNER();
}

uint64_t daemon_enter(struct vigil_daemon *d, const char *callback)
{
	uint64_t now = clock_now();

	daemon_assert_owner(d);
	current = d;
	d->callback = callback;
	d->resting = NULL;
	d->inside++;
	crash_marker_enter(d->name, now);
	return now;
}

/* Logs what the callback has changed in the process.  A library mostly changes it when a module
 * first uses it, so the first callbacks of each daemon are checked at once. */
static void check_process(struct vigil_daemon *d, uint64_t now)
{
	char what[PROCESS_GUARD_TEXT];
	bool exact = process_guard_is_exact() || d->early < EARLY;

	if (d->early < EARLY)
		d->early++;
	if (c_locale_restore())
		daemon_log(d, LEVEL_WARN, d->name,
			"a callback changed the locale of the thread; vigild has restored it");
	if (process_guard_check(now, what))
		log_write(LEVEL_ERROR, d->name,
			"%s has changed %s for the whole process; vigild has restored it",
			exact ? "a callback of this daemon"
			      : "a callback of this daemon, or one shortly before it,",
			what);
}

static void count(struct vigil_daemon *d, uint64_t now, uint64_t took)
{
	d->counts.call_last = took;
	d->counts.call_total += took;
	if (took > d->counts.call_max)
		d->counts.call_max = took;
	if (took >= LONG_CALLBACK)
		daemon_log(d, LEVEL_WARN, d->name, "a callback took %.2f s%s",
			clock_to_seconds(took),
			d->environment->alone ? "" : " and blocked all other daemons");
	d->load.calls++;
	d->load.time += took;
	if (now - d->load.began >= LOAD_PERIOD)
		daemon_load_turn(d, now);
}

void daemon_leave(struct vigil_daemon *d, uint64_t entered)
{
	uint64_t now = clock_now();

	if (process_guard_is_child())
		process_guard_end_child(d->name);
	crash_marker_leave();
	current = NULL;
	d->inside--;
	if (process_guard_is_due(now, d->early < EARLY))
		check_process(d, now);
	if (d->candidate != NULL)
		return;
	if (!TAILQ_EMPTY(&d->fd_watches))
		api_fd_sweep(d);
	count(d, now, now - entered);
}

/* --- callbacks of libraries ------------------------------------------------------------------- */

struct vigil_gate {
	struct vigil_daemon *daemon; /* NULL: the daemon has stopped */
	struct gate_resource *resource;
	struct vigil_daemon *outer; /* the daemon whose callback ran before; NULL: none */
	uint64_t entered;
	unsigned depth;
	bool closed; /* inside, and to be freed by vigil_leave */
};

struct gate_resource {
	struct resource resource; /* must be the first member */
	vigil_gate *gate;
};

static void end_call(vigil_gate *gate)
{
	struct vigil_daemon *outer = gate->outer;

	if (gate->entered == 0)
		return;
	daemon_leave(gate->daemon, gate->entered);
	gate->entered = 0;
	gate->outer = NULL;
	if (outer != NULL) {
		current = outer;
		crash_marker_enter(outer->name, clock_now());
	}
}

/* The gate itself stays, because the library may still call. */
static void gate_free(struct resource *resource)
{
	struct gate_resource *owned = (struct gate_resource *)resource;

	end_call(owned->gate);
	owned->gate->daemon = NULL;
	owned->gate->resource = NULL;
	free(owned);
}

static const struct resource_kind gate_kind = {.free = gate_free};

vigil_gate *vigil_gate_open(vigil_daemon *d)
{
	struct gate_resource *owned;

	if (daemon_is_candidate(d, "vigil_gate_open"))
		return NULL;
	owned = memory_zero(sizeof(*owned));
	owned->gate = memory_zero(sizeof(*owned->gate));
	*owned->gate = (vigil_gate){.daemon = d, .resource = owned};
	daemon_attach(d, &owned->resource, &gate_kind);
	return owned->gate;
}

void vigil_gate_close(vigil_gate *gate)
{
	if (gate == NULL)
		return;
	if (gate->resource != NULL)
		daemon_free_resource(&gate->resource->resource);
	if (gate->depth > 0)
		gate->closed = true;
	else
		free(gate);
}

vigil_daemon *vigil_enter(vigil_gate *gate)
{
	if (gate->daemon == NULL)
		return NULL;
	/* A library may call inside a callback of this daemon, which is then counted already. */
	if (gate->depth++ == 0 && gate->daemon->inside == 0) {
		gate->outer = current;
		gate->entered = daemon_enter(gate->daemon, "library");
	}
	return gate->daemon;
}

void vigil_leave(vigil_gate *gate)
{
	if (gate->depth == 0 || --gate->depth > 0)
		return;
	end_call(gate);
	if (gate->closed)
		free(gate);
}
