/*
 * daemon: one instance of a module, its life cycle and everything that it owns.
 *
 * The life cycle is: new, start, reconfigure (any number of times), stop, free.  A daemon whose
 * start fails stays in the host's list with the status `failed` and a reason.  It then owns
 * nothing, and a reload tries to start it again.
 *
 * The account at /runs/NAME (daemon_account.c) is computed when it is read.  Only changes of
 * status, paused and health are announced to its watchers.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"
#include "persist/crash_marker.h"
#include "state/state.h"

/* A callback that blocks the loop for this long is logged. */
#define LONG_CALLBACK (250 * CLOCK_MS)

/* --- resources -------------------------------------------------------------------------------- */

/* A candidate may be checked in a process without a loop. */
static void assert_owner(const struct vigil_daemon *d)
{
	if (d->candidate == NULL)
		LOOP_ASSERT_OWNER();
}

void daemon_attach(
	struct vigil_daemon *d, struct resource *resource, const struct resource_kind *kind)
{
	assert_owner(d);
	resource->daemon = d;
	resource->kind = kind;
	TAILQ_INSERT_TAIL(&d->resources, resource, link);
}

void daemon_detach(struct resource *resource)
{
	assert_owner(resource->daemon);
	TAILQ_REMOVE(&resource->daemon->resources, resource, link);
}

void daemon_free_resource(struct resource *resource)
{
	daemon_detach(resource);
	resource->kind->free(resource);
}

static void free_resources(struct vigil_daemon *d)
{
	struct resource *resource;

	while ((resource = TAILQ_LAST(&d->resources, resource_list)) != NULL)
		daemon_free_resource(resource);
}

/* --- around the module's callbacks ------------------------------------------------------------ */

uint64_t daemon_enter(struct vigil_daemon *d)
{
	uint64_t now = clock_now();

	assert_owner(d);
	crash_marker_enter(d->name, now);
	return now;
}

void daemon_leave(struct vigil_daemon *d, uint64_t entered)
{
	uint64_t took = clock_now() - entered;

	crash_marker_leave();
	d->counts.call_last = took;
	d->counts.call_total += took;
	if (took > d->counts.call_max)
		d->counts.call_max = took;
	if (took >= LONG_CALLBACK)
		log_write(LEVEL_WARN, d->name,
			"a callback took %.2f s and blocked all other daemons",
			clock_to_seconds(took));
}

void daemon_format(char text[DAEMON_TEXT], const char *format, va_list ap)
{
	/* Larger than text, so that only text_escape truncates, between two characters. */
	char raw[2 * DAEMON_TEXT];

	vsnprintf(raw, sizeof(raw), format, ap);
	text_escape(text, DAEMON_TEXT, raw, strlen(raw));
}

void daemon_keep_text(char **text, const char *format, va_list ap)
{
	char said[DAEMON_TEXT];

	daemon_format(said, format, ap);
	free(*text);
	*text = memory_text(said);
}

static void forget_text(char **text)
{
	free(*text);
	*text = NULL;
}

int daemon_refuse(struct vigil_daemon *d, int err, const char *format, ...)
{
	va_list ap;

	if (d->status == DAEMON_STARTING && !d->starting_failed) {
		d->starting_failed = true;
		va_start(ap, format);
		daemon_keep_text(&d->reason, format, ap);
		va_end(ap);
	} else if (d->status != DAEMON_STARTING) {
		va_start(ap, format);
		log_vwrite(LEVEL_WARN, d->name, format, ap);
		va_end(ap);
	}
	errno = err;
	return -err;
}

/* --- status ----------------------------------------------------------------------------------- */

static const char *const status_names[] = {
	[DAEMON_STARTING] = "starting",
	[DAEMON_RUNNING] = "running",
	[DAEMON_PAUSED] = "paused",
	[DAEMON_FAILED] = "failed",
	[DAEMON_STOPPING] = "stopping",
};

const char *daemon_status_name(enum daemon_status status)
{
	return status_names[status];
}

void daemon_announce(struct vigil_daemon *d, const char *key, json_t *value)
{
	char pointer[STATE_POINTER_MAX] = "/runs";

	if (json_pointer_append(pointer, sizeof(pointer), d->name) == 0 &&
		json_pointer_append(pointer, sizeof(pointer), key) == 0)
		state_announce(d->environment->state, pointer, value);
	json_decref(value);
}

static void set_status(struct vigil_daemon *d, enum daemon_status status)
{
	enum daemon_status before = daemon_status(d);

	d->status = status;
	if (daemon_status(d) == before)
		return;
	clock_gettime(CLOCK_REALTIME, &d->since);
	daemon_announce(d, "status", json_string(daemon_status_name(daemon_status(d))));
}

enum daemon_status daemon_status(const struct vigil_daemon *d)
{
	return d->status == DAEMON_RUNNING && d->paused ? DAEMON_PAUSED : d->status;
}

static void set_paused(struct vigil_daemon *d, bool paused)
{
	enum daemon_status before = daemon_status(d);

	d->paused = paused;
	daemon_announce(d, "paused", json_boolean(paused));
	if (daemon_status(d) != before) {
		clock_gettime(CLOCK_REALTIME, &d->since);
		daemon_announce(d, "status", json_string(daemon_status_name(daemon_status(d))));
	}
	daemon_announce(d, "health", daemon_health_account(d));
}

/* Replaces *kept by the escaped text, or by NULL if the text is empty. */
static void keep_pause_text(char **kept, const char *text)
{
	char clean[DAEMON_TEXT];

	forget_text(kept);
	text_escape(clean, sizeof(clean), text, strlen(text));
	if (clean[0] != '\0')
		*kept = memory_text(clean);
}

void daemon_pause(struct vigil_daemon *d, const char *until, const char *reason, const char *by)
{
	keep_pause_text(&d->paused_until, until);
	keep_pause_text(&d->paused_reason, reason);
	keep_pause_text(&d->paused_by, by);
	set_paused(d, true);
}

void daemon_resume(struct vigil_daemon *d)
{
	uint64_t entered;

	if (!d->paused)
		return;
	set_paused(d, false);
	if (d->status != DAEMON_RUNNING || d->descriptor->resumed == NULL)
		return;
	entered = daemon_enter(d);
	d->descriptor->resumed(d);
	daemon_leave(d, entered);
}

/* --- life ------------------------------------------------------------------------------------- */

struct vigil_daemon *daemon_new(struct environment *environment, const char *name,
	const char *module, const vigil_module *descriptor, struct option_set *options)
{
	static const char place[] = "/daemons/";
	size_t root = strlen(place) + strlen(name) + 1;
	struct vigil_daemon *d = memory_zero(sizeof(*d) + root + strlen(module) + 1);

	d->environment = environment;
	d->root = strcat(strcpy(d->texts, place), name);
	d->name = d->root + strlen(place);
	d->module = strcpy(d->texts + root, module);
	d->descriptor = descriptor;
	d->options = options != NULL ? option_set_ref(options) : NULL;
	d->status = DAEMON_STOPPING;
	clock_gettime(CLOCK_REALTIME, &d->since);
	TAILQ_INIT(&d->resources);
	STAILQ_INIT(&d->history);
	return d;
}

void daemon_forget_event(struct vigil_daemon *d)
{
	struct daemon_event *event = STAILQ_FIRST(&d->history);

	STAILQ_REMOVE_HEAD(&d->history, link);
	free(event);
}

void daemon_free(struct vigil_daemon *d)
{
	if (d == NULL)
		return;
	if (d->candidate != NULL)
		free_resources(d);
	if (d->status == DAEMON_FAILED)
		daemon_announce(d, "health", NULL);
	daemon_stop(d);
	while (!STAILQ_EMPTY(&d->history))
		daemon_forget_event(d);
	if (d->options != NULL)
		option_set_unref(d->options);
	free(d->reason);
	free(d->paused_until);
	free(d->paused_reason);
	free(d->paused_by);
	free(d->health.text);
	free(d->health.long_text);
	free(d->counts.last_error);
	free(d);
}

static void set_failed(struct vigil_daemon *d)
{
	set_status(d, DAEMON_FAILED);
	daemon_announce(d, "health", daemon_health_account(d));
	log_write(LEVEL_ERROR, d->name, "failed: %s", d->reason);
}

void daemon_fail(struct vigil_daemon *d, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	daemon_keep_text(&d->reason, format, ap);
	va_end(ap);
	set_failed(d);
}

/* Frees everything that the daemon owns and removes its subtree of the state. */
static void let_go(struct vigil_daemon *d)
{
	free_resources(d);
	if (d->health.said)
		daemon_announce(d, "health", NULL); /* a stopped daemon has no health */
	d->health.said = false;
	d->data = NULL;
	d->service = NULL;
	state_unset(d->environment->state, d->root);
}

static void run_stop(struct vigil_daemon *d)
{
	uint64_t entered;

	if (d->descriptor->stop == NULL)
		return;
	entered = daemon_enter(d);
	d->descriptor->stop(d);
	daemon_leave(d, entered);
}

int daemon_start(struct vigil_daemon *d)
{
	uint64_t entered;
	int err;

	d->starting_failed = false;
	forget_text(&d->reason);
	d->health.said = false;
	set_status(d, DAEMON_STARTING);
	entered = daemon_enter(d);
	err = d->descriptor->start(d);
	daemon_leave(d, entered);
	if (err == 0 && !d->starting_failed) {
		set_status(d, DAEMON_RUNNING);
		return 0;
	}
	/* Its start ignored the failure of a function.  The module believes that the daemon runs,
	 * and may own objects that only its stop frees. */
	if (err == 0)
		run_stop(d);
	let_go(d);
	if (!d->starting_failed)
		d->reason = memory_format(
			"its start returned %d (%s)", err, strerror(err < 0 ? -err : err));
	set_failed(d);
	return err < 0 ? err : -EINVAL;
}

void daemon_stop(struct vigil_daemon *d)
{
	if (d->status != DAEMON_RUNNING)
		return;
	set_status(d, DAEMON_STOPPING);
	run_stop(d);
	let_go(d);
}

int daemon_reconfigure(struct vigil_daemon *d, struct option_set *options)
{
	struct option_set *old = d->options;
	uint64_t entered;
	int err = -ENOSYS;

	d->options = option_set_ref(options);
	if (d->status == DAEMON_RUNNING && d->descriptor->reconfigure != NULL) {
		entered = daemon_enter(d);
		err = d->descriptor->reconfigure(d);
		daemon_leave(d, entered);
	}
	if (err != 0) {
		/* A module's stop may read the options, and must read the old ones. */
		struct option_set *new = d->options;

		d->options = old;
		daemon_stop(d);
		d->options = new;
		err = daemon_start(d);
	}
	if (old != NULL)
		option_set_unref(old);
	return err;
}

int daemon_tick_now(struct vigil_daemon *d)
{
	struct resource *resource;
	int fired = 0;

	if (d->status != DAEMON_RUNNING)
		return -ESRCH;
	d->round++;
again:
	TAILQ_FOREACH(resource, &d->resources, link) {
		if (resource->kind->fire != NULL && resource->kind->fire(resource)) {
			fired++;
			goto again; /* the tick may have created or freed any resource */
		}
	}
	return fired > 0 ? 0 : -ENOENT;
}

bool daemon_is_waiting(const struct vigil_daemon *d)
{
	const struct resource *resource;

	TAILQ_FOREACH(resource, &d->resources, link)
		if (resource->kind->waits != NULL && resource->kind->waits(resource))
			return true;
	return false;
}

/* --- access ----------------------------------------------------------------------------------- */

const char *daemon_name(const struct vigil_daemon *d)
{
	return d->name;
}

const char *daemon_service(const struct vigil_daemon *d)
{
	return d->service;
}

const char *daemon_module(const struct vigil_daemon *d)
{
	return d->module;
}

const struct option_set *daemon_options(const struct vigil_daemon *d)
{
	return d->options;
}

const char *daemon_reason(const struct vigil_daemon *d)
{
	return d->status == DAEMON_FAILED && d->reason != NULL ? d->reason : "";
}
