/*
 * service_monitor: see service_monitor.h. An exit or a change signal invalidates the cached status
 * until the next query.
 */
#include "service/service_monitor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "process/pidfd.h"
#include "process/process.h"

/* A valid status is queried again after this time, as a precaution: at a check that is due after
 * one minute. */
#define CONFIRM (58 * CLOCK_SECOND)
/* A manager may notice an exit later than vigild. Until then the query is repeated at this
 * interval, REPEATS_MAX times. */
#define AGAIN       (10 * CLOCK_MS)
#define REPEATS_MAX 200
/* The exit of a process is reported when its parent has reaped it, because only then the kernel
 * says how it ended, but after this time at the latest. */
#define REAP_GAP   (CLOCK_MS / 2)
#define REAP_TRIES 20

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
	cached->unclear_stop = reply->unclear_stop;
	cached->done = reply->done;
	cached->run = reply->status == VIGIL_SERVICE_RUNNING ? reply->run : 0;
	cached->busy = reply->busy;
	cached->busy_limit = reply->busy_limit;
	cached->when = cached->learnt = clock_now();
	set_text(&cached->text, reply->text);
	set_text(&cached->unit, reply->unit);
	set_text(&cached->idle, reply->idle);
	set_text(&cached->hold, reply->hold);
	/* The evidence is not stored while the service runs, because users do not need it then. */
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

/* Adds the time since the query to the duration of a pending transition. The limit is raised if
 * necessary, because the manager would have ended the transition at its limit and did not. */
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
	vigil_service_reply reply = {.size = sizeof(vigil_service_reply),
		.name = monitor->request->name,
		.manager = or_empty(cached->manager),
		.status = cached->status,
		.text = or_empty(cached->text),
		.pid = cached->pid,
		.respawns = cached->respawns,
		.counts = cached->counts,
		.unclear_stop = cached->unclear_stop,
		.done = cached->done,
		.run = cached->run,
		.unit = or_empty(cached->unit),
		.idle = cached->idle,
		.hold = cached->hold,
		.evidence = or_empty(cached->evidence),
		.death = service_death_get(&monitor->death),
		.started = cached->started};
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

/* --- invalidation ----------------------------------------------------------------------------- */

static void invalidate(struct service_monitor *monitor)
{
	monitor->stale = true;
	if (monitor->unit != NULL)
		unit_monitor_invalidate(monitor->unit);
}

/* The manager still named a dead process at the last query: reports an event, so that it is
 * queried again. */
static void on_again(uint64_t missed, void *arg)
{
	struct service_monitor *monitor = arg;

	loop_timer_free(monitor->again);
	monitor->again = NULL;
	monitor->user.on_stale("", monitor->user.arg);
}

static void report_exit(struct service_monitor *monitor);

static void on_reap_timer(uint64_t missed, void *arg)
{
	struct service_monitor *monitor = arg;

	loop_timer_free(monitor->again);
	monitor->again = NULL;
	report_exit(monitor);
}

/* systemd itself says how a process of a unit has ended. */
static void report_exit(struct service_monitor *monitor)
{
	char text[48];

	if (monitor->unit == NULL && monitor->again == NULL && monitor->reap_tries++ < REAP_TRIES &&
		service_death_awaits_parent(&monitor->death)) {
		monitor->again = loop_after(monitor->loop, REAP_GAP, on_reap_timer, monitor);
		return;
	}
	snprintf(text, sizeof(text), "process %d has ended", (int)monitor->dead);
	monitor->user.on_stale(text, monitor->user.arg);
}

/* The first exit of a process is reported immediately. If the manager names the same dead
 * process again, the report is delayed by AGAIN, so that the manager can notice the exit. */
static void on_exit_of_process(void *arg)
{
	struct service_monitor *monitor = arg;
	pid_t pid = pidfd_watch_pid(monitor->process);

	service_death_exit(
		&monitor->death, pid, pidfd_watch_take(monitor->process), monitor->cached.run);
	pidfd_watch_close(monitor->process);
	monitor->process = NULL;
	monitor->repeats = pid == monitor->dead ? monitor->repeats + 1 : 0;
	monitor->dead = pid;
	monitor->request->memory.died = pid;
	monitor->request->memory.died_ticks = process_ticks_now();
	invalidate(monitor);
	if (monitor->unit != NULL && monitor->repeats == 0)
		unit_monitor_note_exit(monitor->unit);
	monitor->reap_tries = 0;
	if (monitor->repeats == 0)
		report_exit(monitor);
	else if (monitor->repeats <= REPEATS_MAX && monitor->again == NULL)
		monitor->again = loop_after(monitor->loop, AGAIN, on_again, monitor);
}

const struct manager_reply *service_monitor_judge(const struct service_monitor *monitor,
	const struct manager_reply *reply, struct manager_reply *disproved)
{
	if (reply->status != VIGIL_SERVICE_RUNNING || reply->pid <= 0 ||
		reply->pid != monitor->dead || monitor->repeats < REPEATS_MAX)
		return reply;
	*disproved = *reply;
	disproved->status = VIGIL_SERVICE_FAILED;
	if (reply->error == 0) /* else the text is the reason of the error */
		snprintf(disproved->text, sizeof(disproved->text),
			"process %d has ended, but systemd still reports it as running",
			(int)reply->pid);
	return disproved;
}

/* While a call is in flight, a change may be the effect of a restart, so it is reported only
 * after the call. A query that is dispatched later clears the report. */
static void on_unit_stale(void *arg)
{
	struct service_monitor *monitor = arg;

	invalidate(monitor);
	if (monitor->in_flight)
		monitor->late = true;
	else if (monitor->process != NULL && pidfd_watch_has_ended(monitor->process))
		on_exit_of_process(monitor); /* the loop has not come to it yet */
	else
		monitor->user.on_stale(
			monitor->cached.pid > 0 ? "" : "systemd has reported a change",
			monitor->user.arg);
}

static void on_unit_answer(enum unit_answer answer, const struct manager_reply *reply, void *arg)
{
	struct service_monitor *monitor = arg;

	if (answer == UNIT_UNCHANGED) {
		service_death_hear(&monitor->death, unit_monitor_death(monitor->unit));
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

int service_monitor_restart(struct service_monitor *monitor, uint64_t timeout)
{
	if (monitor->unit == NULL || monitor->request->reset_failed)
		return -1;
	return unit_monitor_restart(monitor->unit, timeout);
}

void service_monitor_expect(struct service_monitor *monitor)
{
	const struct death *death = unit_monitor_death(monitor->unit);

	if (monitor->unit != NULL)
		unit_monitor_expect(monitor->unit);
	monitor->request->heard = death->kind;
	monitor->request->unexecuted = death_is_unexecuted(death);
	memcpy(monitor->request->heard_result, death->result, sizeof(death->result));
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

/* --- the result of a query -------------------------------------------------------------------- */

/* When the process was started, in seconds since 1970; 0: unknown. */
static double start_of(pid_t pid)
{
	struct process process;

	if (pid <= 0 || process_look(pid, &process) != 1 || process.ticks == 0)
		return 0;
	return clock_seconds(CLOCK_REALTIME) -
	       ((double)process_ticks_now() - (double)process.ticks) / (double)sysconf(_SC_CLK_TCK);
}

static void watch_process(struct service_monitor *monitor)
{
	struct cached_status *cached = &monitor->cached;
	const struct pidfile_memory *seen = &monitor->request->memory.seen;
	pid_t pid = cached->status == VIGIL_SERVICE_RUNNING ? cached->pid : 0;

	service_death_watch(&monitor->death, pid);
	if (monitor->process != NULL && pidfd_watch_pid(monitor->process) == pid)
		return;
	pidfd_watch_close(monitor->process);
	monitor->process = NULL;
	cached->started = start_of(pid);
	/* If no pidfd can be opened (no descriptors left, or an old kernel), the service is
	 * queried periodically as before. */
	if (pid > 0)
		monitor->process =
			pidfd_watch_open(monitor->loop, pid, on_exit_of_process, monitor);
	/* The process may have exited since the worker checked it, and its pid may belong to
	 * another process. */
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
		return; /* a manager that could not be asked still runs the service */
	if (!is_unit || reply->status == VIGIL_SERVICE_ABSENT) {
		unit_monitor_unsubscribe(monitor->unit);
		monitor->unit = NULL;
	} else if (monitor->unit == NULL && monitor->units != NULL && reply->active[0] != '\0') {
		monitor->unit =
			unit_monitor_subscribe(monitor->units, monitor->request->name, &user);
	}
}

/* Updates the memory for later queries. Only the loop thread sets died and died_ticks. */
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
	if (reply->status == VIGIL_SERVICE_STARTING || reply->status == VIGIL_SERVICE_RUNNING)
		memory->began = true;
	else if (reply->status == VIGIL_SERVICE_FAILED || reply->status == VIGIL_SERVICE_ABSENT)
		memory->began = false;
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
	service_death_learn(&monitor->death, reply, unit_monitor_death(monitor->unit));
	watch_process(monitor);
	watch_unit(monitor, reply);
	if (worker && monitor->unit != NULL)
		unit_monitor_learn(monitor->unit, reply);
	return changed;
}

/* --- init and clear --------------------------------------------------------------------------- */

void service_monitor_init(struct service_monitor *monitor, struct loop *loop,
	struct unit_monitor *units, struct manager_request *request,
	const struct service_monitor_user *user)
{
	*monitor = (struct service_monitor){
		.loop = loop, .units = units, .request = request, .user = *user};
	service_death_init(&monitor->death);
}

void service_monitor_clear(struct service_monitor *monitor)
{
	pidfd_watch_close(monitor->process);
	loop_timer_free(monitor->again);
	unit_monitor_unsubscribe(monitor->unit);
	service_death_clear(&monitor->death);
	clear_cached(&monitor->cached);
}
