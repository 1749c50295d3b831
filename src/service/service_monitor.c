/*
 * service_monitor: the cached status of one service, and what invalidates it.
 *
 * An exit or a change signal makes the cached status stale until the next query.
 */
#include "service/service_monitor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "process/pidfd.h"
#include "process/process.h"

/* A valid status is checked all the same after so long. */
#define CONFIRM (60 * CLOCK_SECOND)
/* A manager may need a moment to notice a death that vigild has seen. */
#define AGAIN       (10 * CLOCK_MS)
#define REPEATS_MAX 200

/* --- the cached status ------------------------------------------------------------------------ */

static void set_text(char **to, const char *text)
{
	if (*to != NULL && text != NULL && strcmp(*to, text) == 0)
		return;
	free(*to);
	*to = text != NULL && text[0] != '\0' ? memory_text(text) : NULL;
}

static void set_cached(struct cached_status *cached, const struct manager_reply *reply)
{
	cached->known = true;
	cached->status = reply->status;
	cached->manager = reply->manager != NULL ? reply->manager->name : "";
	cached->pid = reply->pid;
	cached->respawns = reply->respawns;
	cached->counts = reply->counts;
	cached->busy = reply->busy;
	cached->busy_limit = reply->busy_limit;
	cached->when = cached->learnt = clock_now();
	set_text(&cached->text, reply->text);
	set_text(&cached->unit, reply->unit);
	set_text(&cached->idle, reply->idle);
	set_text(&cached->hold, reply->hold);
	/* While a service runs, nobody asks how that is known. */
	set_text(
		&cached->evidence, reply->status != VIGIL_SERVICE_RUNNING ? reply->evidence : NULL);
}

static void clear_cached(struct cached_status *cached)
{
	char **const texts[] = {
		&cached->text, &cached->unit, &cached->idle, &cached->hold, &cached->evidence};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		set_text(texts[i], NULL);
}

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* Work in progress has gone on since.  Its manager, which would have ended it, has allowed that. */
static void add_time(const struct cached_status *cached, vigil_service_reply *reply)
{
	if (cached->busy_limit <= 0)
		return;
	reply->busy = cached->busy + clock_to_seconds(clock_now() - cached->learnt);
	reply->busy_limit = fmax(cached->busy_limit, reply->busy + 1);
}

vigil_service_reply service_monitor_reply(const struct service_monitor *monitor)
{
	const struct cached_status *cached = &monitor->cached;
	vigil_service_reply reply;

	reply = (vigil_service_reply){.size = sizeof(vigil_service_reply),
		.name = monitor->request->name,
		.manager = or_empty(cached->manager),
		.status = cached->status,
		.text = or_empty(cached->text),
		.pid = cached->pid,
		.respawns = cached->respawns,
		.counts = cached->counts,
		.unit = or_empty(cached->unit),
		.idle = cached->idle,
		.hold = cached->hold,
		.evidence = or_empty(cached->evidence)};
	add_time(cached, &reply);
	return reply;
}

bool service_monitor_is_valid(const struct service_monitor *monitor)
{
	const struct cached_status *cached = &monitor->cached;
	bool watched = monitor->process != NULL ||
		       (monitor->unit != NULL && unit_monitor_is_valid(monitor->unit));
	bool well = cached->status == VIGIL_SERVICE_RUNNING || cached->idle != NULL;

	return watched && !monitor->stale && well && clock_now() - cached->when < CONFIRM;
}

/* --- what makes it stale ---------------------------------------------------------------------- */

static void invalidate(struct service_monitor *monitor)
{
	monitor->stale = true;
	if (monitor->unit != NULL)
		unit_monitor_invalidate(monitor->unit);
}

/* The manager still named a dead process: it has not noticed yet. */
static void on_again(uint64_t missed, void *arg)
{
	struct service_monitor *monitor = arg;

	loop_timer_free(monitor->again);
	monitor->again = NULL;
	monitor->user.on_stale("", monitor->user.arg);
}

/* A manager that names the dead process again gets a moment to notice. */
static void on_exit_of_process(void *arg)
{
	struct service_monitor *monitor = arg;
	pid_t pid = pidfd_watch_pid(monitor->process);
	char text[48];

	pidfd_watch_close(monitor->process);
	monitor->process = NULL;
	monitor->repeats = pid == monitor->dead ? monitor->repeats + 1 : 0;
	monitor->dead = pid;
	monitor->request->memory.died = pid;
	monitor->request->memory.died_ticks = process_ticks_now();
	invalidate(monitor);
	snprintf(text, sizeof(text), "process %d has ended", (int)pid);
	if (monitor->repeats == 0)
		monitor->user.on_stale(text, monitor->user.arg);
	else if (monitor->repeats <= REPEATS_MAX && monitor->again == NULL)
		monitor->again = loop_after(monitor->loop, AGAIN, on_again, monitor);
}

bool service_monitor_disproves(
	const struct service_monitor *monitor, const struct manager_reply *reply)
{
	return reply->status == VIGIL_SERVICE_RUNNING && reply->pid > 0 &&
	       reply->pid == monitor->dead && monitor->repeats >= REPEATS_MAX;
}

/* While it is restarted, all that changes is the restart's, and its end will be queried. */
static void on_unit_stale(void *arg)
{
	struct service_monitor *monitor = arg;

	invalidate(monitor);
	if (monitor->in_flight)
		monitor->late = true;
	else
		monitor->user.on_stale(
			monitor->cached.pid > 0 ? "" : "systemd says that it has changed",
			monitor->user.arg);
}

static void on_unit_answer(enum unit_answer answer, const struct manager_reply *reply, void *arg)
{
	struct service_monitor *monitor = arg;

	if (answer == UNIT_UNCHANGED) {
		monitor->cached.when = clock_now();
		monitor->stale = false;
	}
	monitor->user.on_answer(answer, reply, monitor->user.arg);
}

/* --- calls ------------------------------------------------------------------------------------ */

int service_monitor_query(struct service_monitor *monitor, uint64_t timeout)
{
	bool alive = monitor->process != NULL && !monitor->stale;

	return monitor->unit != NULL ? unit_monitor_query(monitor->unit, alive, timeout) : -1;
}

void service_monitor_expect(struct service_monitor *monitor)
{
	if (monitor->unit != NULL)
		unit_monitor_expect(monitor->unit);
	monitor->request->simple = monitor->unit != NULL && unit_monitor_is_simple(monitor->unit);
}

void service_monitor_begin(struct service_monitor *monitor, bool query)
{
	monitor->in_flight = true;
	if (query)
		monitor->late = false;
}

void service_monitor_end(struct service_monitor *monitor)
{
	monitor->in_flight = false;
	if (!monitor->late)
		return;
	monitor->late = false;
	invalidate(monitor);
	monitor->user.on_stale("", monitor->user.arg);
}

/* --- what a query has found ------------------------------------------------------------------- */

static void watch_process(struct service_monitor *monitor)
{
	const struct cached_status *cached = &monitor->cached;
	const struct pidfile_memory *seen = &monitor->request->memory.seen;
	pid_t pid = cached->status == VIGIL_SERVICE_RUNNING ? cached->pid : 0;

	if (monitor->process != NULL && pidfd_watch_pid(monitor->process) == pid)
		return;
	pidfd_watch_close(monitor->process);
	monitor->process = NULL;
	/* Without one (no descriptors left, an old kernel) the queries go on as ever. */
	if (pid > 0)
		monitor->process =
			pidfd_watch_open(monitor->loop, pid, on_exit_of_process, monitor);
	/* It may have died since the worker looked, and its pid be another's. */
	if (monitor->process != NULL && pid == seen->pid && pidfile_is_another(seen)) {
		pidfd_watch_close(monitor->process);
		monitor->process = NULL;
	}
}

static void watch_unit(struct service_monitor *monitor, const struct manager_reply *reply)
{
	const struct unit_user user = {.on_stale = on_unit_stale,
		.on_answer = on_unit_answer,
		.arg = monitor,
		.has_pidfile = monitor->request->pidfile != NULL};
	bool is_unit = strcmp(monitor->cached.manager, "systemd") == 0;

	if (reply->manager == NULL || (reply->status == VIGIL_SERVICE_UNKNOWN && !is_unit))
		return; /* a manager that could not be asked has not let go of it */
	if (!is_unit || reply->status == VIGIL_SERVICE_ABSENT) {
		unit_monitor_unsubscribe(monitor->unit);
		monitor->unit = NULL;
	} else if (monitor->unit == NULL && monitor->units != NULL && reply->active[0] != '\0') {
		monitor->unit =
			unit_monitor_subscribe(monitor->units, monitor->request->name, &user);
	}
}

/* What a later query needs to know. */
static void remember(
	struct service_monitor *monitor, const struct manager_reply *reply, bool worker)
{
	struct manager_memory *memory = &monitor->request->memory;
	pid_t died = memory->died;
	uint64_t died_ticks = memory->died_ticks;

	if (worker)
		*memory = reply->memory;
	memory->died = died;
	memory->died_ticks = died_ticks;
	if (reply->status == VIGIL_SERVICE_ABSENT ||
		(reply->status == VIGIL_SERVICE_RUNNING && reply->pid > 0 && reply->pid != died))
		memory->died = 0;
}

bool service_monitor_learn(
	struct service_monitor *monitor, const struct manager_reply *reply, bool worker)
{
	bool changed = !monitor->cached.known || monitor->cached.status != reply->status;

	set_cached(&monitor->cached, reply);
	remember(monitor, reply, worker);
	monitor->stale = false;
	watch_process(monitor);
	watch_unit(monitor, reply);
	if (worker && monitor->unit != NULL)
		unit_monitor_learn(monitor->unit, reply);
	return changed;
}

/* --- life ------------------------------------------------------------------------------------- */

void service_monitor_init(struct service_monitor *monitor, struct loop *loop,
	struct unit_monitor *units, struct manager_request *request,
	const struct service_monitor_user *user)
{
	*monitor = (struct service_monitor){
		.loop = loop, .units = units, .request = request, .user = *user};
}

void service_monitor_clear(struct service_monitor *monitor)
{
	pidfd_watch_close(monitor->process);
	loop_timer_free(monitor->again);
	unit_monitor_unsubscribe(monitor->unit);
	clear_cached(&monitor->cached);
}
