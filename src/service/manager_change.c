/*
 * manager_change: a restart, a start, a stop or a reload of a service, and the query after it.
 *
 * The code here is the same for all managers: whether there is anything to do, when the service is
 * queried again, and whether the change has succeeded.
 */
#include "service/manager_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/shutdown.h"

/* The query after a change gets at least this much time, even if the change has used up the
 * deadline. */
#define LOOK_TIME (2 * CLOCK_SECOND)
/* An init script may return before its daemon has written its pidfile, or before its daemon has
 * ended. So the status is queried up to LOOKS times after a start, and until the deadline after a
 * stop. LOOK_GAP is the time between two queries; after a stop it grows up to LOOK_GAP_MAX. */
#define LOOKS        6
#define LOOK_GAP     (200 * CLOCK_MS)
#define LOOK_GAP_MAX (2 * CLOCK_SECOND)

static const struct {
	const char *name, *done;
} words[] = {
	[MANAGER_RESTART] = {"restart", "restarted"},
	[MANAGER_START] = {"start", "started"},
	[MANAGER_STOP] = {"stop", "stopped"},
	[MANAGER_RELOAD] = {"reload", "reloaded"},
};

const char *manager_change_name(enum manager_change change)
{
	return words[change].name;
}

/* --- the status after the change -------------------------------------------------------------- */

/* Whether a start has succeeded. A oneshot service that exited successfully counts, because it has
 * done its work. */
static bool is_well(const struct manager_reply *look)
{
	return look->status == VIGIL_SERVICE_RUNNING || look->status == VIGIL_SERVICE_STARTING ||
	       look->status == VIGIL_SERVICE_RELOADING || look->idle[0] != '\0';
}

/* Whether a stop has succeeded. A service that is only paused by a signal has a process. */
static bool is_stopped(const struct manager_reply *look)
{
	return look->status == VIGIL_SERVICE_ABSENT ||
	       (vigil_service_is_down(look->status) && look->pid == 0);
}

/* Waits for that time, but at most until the process has ended. pid 0: no process is known. */
static void wait_for_end(pid_t pid, uint64_t ns)
{
	struct timespec left = {(time_t)(ns / CLOCK_SECOND), (long)(ns % CLOCK_SECOND)};
	const struct timespec gap = {0, 50 * CLOCK_MS};
	struct pollfd fd = {.fd = -1, .events = POLLIN};

	if (pid > 0)
		fd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd.fd < 0) {
		nanosleep(&left, NULL);
		return;
	}
	/* Without the gap, a zombie that nobody reaps would be queried without a pause. */
	if (poll(&fd, 1, (int)(ns / CLOCK_MS)) > 0)
		nanosleep(&gap, NULL);
	close(fd.fd);
}

static bool is_unknown(const struct manager_reply *look)
{
	return look->status == VIGIL_SERVICE_UNKNOWN && look->fault != VIGIL_FAULT_TIMEOUT;
}

/* Queries the status after a restart or a start. worked: the manager reported success, so that the
 * service gets some time to come up. */
static void look_after_start(
	const struct manager_request *request, struct manager_reply *look, bool worked)
{
	struct manager_request again = *request;

	for (int i = 0; i < LOOKS; i++) {
		if (i > 0)
			wait_for_end(0, LOOK_GAP);
		manager_ask(again.manager, &again, look);
		again.memory = look->memory;
		if (!worked || is_well(look) ||
			!(is_unknown(look) || vigil_service_is_down(look->status)))
			break;
	}
}

/* Queries the status after a stop. worked: the manager reported success, so that the service gets
 * the time until the deadline to end. */
static void look_after_stop(const struct manager_request *request, struct manager_reply *look,
	bool worked, uint64_t deadline)
{
	struct manager_request again = *request;
	uint64_t gap = LOOK_GAP;

	for (;;) {
		again.memory.stop_seen = true; /* a query that finds it running resets this */
		manager_ask(again.manager, &again, look);
		again.memory = look->memory;
		if (!worked || is_stopped(look) || clock_now() >= deadline)
			break;
		wait_for_end(look->pid, gap);
		gap = gap * 2 < LOOK_GAP_MAX ? gap * 2 : LOOK_GAP_MAX;
	}
}

static void look_after(enum manager_change change, const struct manager_request *request,
	struct manager_reply *look, bool worked)
{
	struct manager_request again = *request;
	uint64_t enough = clock_now() + LOOK_TIME;

	if (again.deadline < enough)
		again.deadline = enough;
	if (change == MANAGER_STOP)
		look_after_stop(&again, look, worked, request->deadline);
	else
		look_after_start(&again, look, worked);
}

/* --- the outcome ------------------------------------------------------------------------------ */

static void take_fault(struct manager_reply *look, const struct manager_reply *change)
{
	look->error = change->error;
	look->fault = change->fault;
	memcpy(look->text, change->text, sizeof(look->text));
}

/* After a stop: waits until the process has ended that the service had before, because a script or
 * a status_command may report the stop earlier. */
static void await_process(
	int pidfd, pid_t pid, const struct manager_request *request, struct manager_reply *look)
{
	uint64_t now = clock_now(), left = now < request->deadline ? request->deadline - now : 0;
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0)
		return;
	if (look->error == 0 && is_stopped(look) && poll(&fd, 1, (int)(left / CLOCK_MS)) == 0)
		manager_fault(look, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT,
			"it did not stop within the deadline: process %d is still alive", (int)pid);
	close(pidfd);
}

/* Combines the results of a restart or a start and of the query after it in the reply of the
 * query. */
static void combine_start(
	enum manager_change change, const struct manager_reply *result, struct manager_reply *look)
{
	char why[MANAGER_TEXT];

	if (result->error) {
		take_fault(look, result);
	} else if (!look->error && !result->in_progress && !is_well(look)) {
		memcpy(why, look->text, sizeof(why));
		manager_fault(look, -EIO, VIGIL_FAULT_FAILED,
			"%s, but its status right afterwards was %s%s%s", words[change].done,
			vigil_service_status_name(look->status), *why ? ": " : "", why);
	}
}

/* The same for a stop. A service that is down is stopped, whatever the manager has reported. */
static void combine_stop(const struct manager_reply *result, struct manager_reply *look)
{
	if (result->fault == VIGIL_FAULT_REFUSED || (result->error && !is_stopped(look)))
		take_fault(look, result);
	else if (look->error || is_stopped(look))
		return;
	else if (look->pid > 0)
		manager_fault(look, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT,
			"it did not stop within the deadline: it is still %s, process %d",
			vigil_service_status_name(look->status), (int)look->pid);
	else
		manager_fault(look, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT,
			"it did not stop within the deadline: it is still %s",
			vigil_service_status_name(look->status));
}

/* --- the change ------------------------------------------------------------------------------- */

/* Whether the service is already as it should be. A manager that watches its processes accepts a
 * start of a service that is starting, and vigild then waits for it. */
static bool is_done(enum manager_change change, const struct manager_reply *look)
{
	bool watches = look->manager != NULL && look->manager->basis == BASIS_WATCHED;
	bool checks = look->manager != NULL && look->manager->basis == BASIS_CHECKED;

	if (change == MANAGER_START)
		return (look->status == VIGIL_SERVICE_RUNNING && !look->once) ||
		       look->status == VIGIL_SERVICE_RELOADING ||
		       (look->status == VIGIL_SERVICE_STARTING && !watches);
	/* systemd and OpenRC keep a record of a failed service, which a stop resets. */
	return change == MANAGER_STOP && is_stopped(look) &&
	       (look->status == VIGIL_SERVICE_STOPPED || checks);
}

/* A service that is down and that is to be stopped counts as stopped on purpose from now on. */
static void settle_stop(const struct manager_request *request, struct manager_reply *reply)
{
	struct manager_request again = *request;

	again.memory.stop_seen = true;
	if (reply->status == VIGIL_SERVICE_FAILED || reply->unclear_stop)
		manager_ask(again.manager, &again, reply);
	else
		reply->memory.stop_seen = true;
}

/* Queries the service before the change, with the manager of the request, or else finds the
 * manager. Returns whether the change is to be made; if not, the reply is complete. */
static bool prepare(
	enum manager_change change, struct manager_request *known, struct manager_reply *reply)
{
	bool named = known->manager != NULL;

	if (named && change == MANAGER_RESTART)
		return true;
	manager_query(known, reply);
	if (reply->error != 0 && !(named && change == MANAGER_STOP))
		return false;
	if (!named && reply->status == VIGIL_SERVICE_ABSENT) {
		manager_fault(reply, -ENOENT, VIGIL_FAULT_ABSENT,
			"no service manager of this machine has this service");
		return false;
	}
	known->manager = reply->manager;
	if (change == MANAGER_RESTART)
		return true;
	if (change == MANAGER_RELOAD && reply->status != VIGIL_SERVICE_RUNNING &&
		reply->status != VIGIL_SERVICE_RELOADING) {
		manager_fault(reply, -ESRCH, VIGIL_FAULT_REFUSED,
			"only a service that runs can be reloaded, and it is %s",
			vigil_service_status_name(reply->status));
		return false;
	}
	known->memory = reply->memory;
	known->down = vigil_service_is_down(reply->status);
	if (!is_done(change, reply))
		return true;
	if (change == MANAGER_STOP)
		settle_stop(known, reply);
	return false;
}

void manager_apply(enum manager_change change, const struct manager_request *request,
	struct manager_reply *reply)
{
	struct manager_request known = *request;
	struct manager_reply result;
	const char *why;
	pid_t pid;
	int pidfd;

	if (!prepare(change, &known, reply))
		return;
	pid = change == MANAGER_STOP ? reply->pid : 0;
	pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	manager_reply_clear(&result, &known, known.manager);
	why = change != MANAGER_STOP ? shutdown_in_progress("") : NULL;
	if (why != NULL)
		manager_fault(&result, -ESHUTDOWN, VIGIL_FAULT_REFUSED, "%s", why);
	else
		known.manager->apply(change, &known, &result);
	known.memory = result.memory;
	look_after(change, &known, reply, result.error == 0);
	reply->start_limit |= result.start_limit;
	reply->in_progress = result.in_progress;
	if (change == MANAGER_STOP)
		combine_stop(&result, reply);
	else
		combine_start(change, &result, reply);
	await_process(pidfd, pid, &known, reply);
}
