/*
 * change_job: see change_job.h.  Each change is a job of systemd, and the signal JobRemoved reports
 * its result.  vigild subscribes to that signal only while it waits for a job, because vigild does
 * not read the connection at other times.  The signal is lost if the bus or systemd restarts during
 * the job, so vigild also asks once a second whether the job still exists.
 *
 * systemd may allow a start to take many minutes, for example for the recovery of a database.  A
 * worker does not wait that long: at its deadline it reports that the job still runs.
 */
#include "service/systemd/change_job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/systemd/unit_message.h"

#define JOB       SYSTEMD ".Job"
#define JOB_POLL  1000000      /* microseconds between two questions for the job */
#define RECONNECT 100000       /* microseconds between two attempts */
#define LAST_LOOK CLOCK_SECOND /* time for a question after the deadline: does the job still run */

#define NO_ANSWER "systemd left the bus without an answer"

struct talk {
	struct systemd_call *call;
	enum manager_change change;
	const char *unit, *path;
	struct manager_reply *reply;
};

void change_job_fault(struct systemd_call *call, int r, struct manager_reply *reply)
{
	if (sd_bus_error_has_name(&call->error, SD_BUS_ERROR_NO_REPLY) && systemd_left(call)) {
		manager_fault(reply, -ECONNRESET, VIGIL_FAULT_FAILED, NO_ANSWER);
		return;
	}
	unit_fault(reply, r, &call->error);
}

/* --- the job ---------------------------------------------------------------------------------- */

struct job {
	const char *path;
	const char *systemd; /* the only trusted sender; NULL on a direct connection */
	char result[32];     /* "": not known yet */
};

/* Handles JobRemoved of our job.  The sender must be systemd itself, because any client of the bus
 * can send us a signal. */
static int on_removed(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct job *job = arg;
	const char *sender = sd_bus_message_get_sender(message), *result;

	(void)error;
	if (!job->path || (job->systemd && (!sender || strcmp(sender, job->systemd) != 0)))
		return 0;
	result = unit_job_result(message, job->path);
	if (result != NULL)
		snprintf(job->result, sizeof(job->result), "%s", result);
	return 0;
}

/* Whether the answer to the last question says that the job does not exist. */
static bool is_gone(const struct talk *t)
{
	return sd_bus_error_has_name(&t->call->error, SD_BUS_ERROR_UNKNOWN_OBJECT) ||
	       sd_bus_error_has_name(&t->call->error, SYSTEMD ".NoSuchJob");
}

/* Asks systemd for the job.  Returns 1 while it exists, 0 when it is gone, or -errno if the
 * connection is lost. */
static int job_exists(struct talk *t, const struct job *job)
{
	char state[32];
	int r = systemd_get_text(t->call, job->path, JOB, "State", state, sizeof(state));

	if (is_gone(t))
		return 0;
	/* Any other error may be temporary, for example while systemd re-executes itself. */
	return systemd_bus_is_dead(r) ? r : 1;
}

/* Handles one message, or waits for one.  Returns 1 if nothing arrived, so that the caller asks for
 * the job; 0; or -errno. */
static int job_step(struct talk *t)
{
	uint64_t usec = systemd_left(t->call);
	int r;

	if (!usec) /* checked each time, because any client may send us messages without end */
		return -ETIMEDOUT;
	r = sd_bus_process(systemd_bus(), NULL);
	if (r != 0)
		return r < 0 ? r : 0;
	if (usec > JOB_POLL)
		usec = JOB_POLL;
	r = sd_bus_wait(systemd_bus(), usec);
	return r < 0 && r != -EINTR ? r : r == 0;
}

/* Opens the connection again and retries until the deadline, because the job continues without
 * it. */
static int job_reconnect(struct talk *t)
{
	uint64_t usec;
	int r;

	systemd_bus_drop();
	while ((r = systemd_bus_open(t->call->deadline)) < 0) {
		usec = systemd_left(t->call);
		if (!usec)
			return -ETIMEDOUT;
		usleep((useconds_t)(usec < RECONNECT ? usec : RECONNECT));
	}
	return r;
}

/* Waits until the result of the job is known.  0 or -errno. */
static int job_wait(struct talk *t, struct job *job)
{
	int r = 0;

	while (!*job->result) {
		r = job_step(t);
		if (r > 0)
			r = job_exists(t, job);
		else if (r == 0)
			continue;
		if (systemd_bus_is_dead(r)) { /* signals sent until the new connection are lost */
			r = job_reconnect(t);
		} else if (r == 0) {
			while (systemd_left(t->call) && sd_bus_process(systemd_bus(), NULL) > 0)
				; /* the signal may have arrived during the question */
			if (!*job->result)
				snprintf(job->result, sizeof(job->result), "done");
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* Reads when the unit began to start the last time. */
static int unit_began(struct talk *t, uint64_t *when)
{
	*when = 0;
	return systemd_get_number(
		t->call, t->path, SYSTEMD_UNIT, "InactiveExitTimestampMonotonic", when);
}

/* Whether a failed job was refused by the start limit.  Such a job fails without an attempt to
 * start the unit.  Result is "start-limit-hit" only if the unit had not failed before: a unit that
 * crashed keeps the result of the crash (systemd 252). */
static bool was_limited(struct talk *t, uint64_t began, const char *result)
{
	uint64_t now;

	if (strcmp(result, "start-limit-hit") == 0)
		return true;
	return strcmp(result, "resources") != 0 && unit_began(t, &now) >= 0 && now == began;
}

/* Says in words what a job with that result has not done. */
static const char *describe_result(enum manager_change change, const char *result)
{
	static const struct {
		const char *result, *text[MANAGER_RELOAD + 1];
	} words[] = {
		{"failed", {"it could not be started", "it could not be started",
				   "it could not be stopped", "it could not be reloaded"}},
		{"timeout", {"its start timed out in systemd", "its start timed out in systemd",
				    "its stop timed out in systemd",
				    "its reload timed out in systemd"}},
		{"dependency", {"a unit that it needs could not be started",
				       "a unit that it needs could not be started",
				       "a unit that depends on it could not be stopped",
				       "a unit that it needs could not be reloaded"}},
		{"canceled", {"another job replaced the restart", "another job replaced the start",
				     "another job replaced the stop",
				     "another job replaced the reload"}},
		{"skipped", {"systemd skipped the restart", "systemd skipped the start",
				    "systemd skipped the stop", "systemd skipped the reload"}},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(result, words[i].result) == 0)
			return words[i].text[change];
	return result;
}

static int job_evaluate(struct talk *t, uint64_t began, const struct job *job)
{
	const char *text = describe_result(t->change, job->result);
	char result[64];
	bool told;
	int r;

	if (strcmp(job->result, "done") == 0)
		return 1;
	r = systemd_get_text(t->call, t->path, SYSTEMD_SERVICE, "Result", result, sizeof(result));
	if (r >= 0 && (t->change == MANAGER_RESTART || t->change == MANAGER_START) &&
		strcmp(job->result, "failed") == 0 && was_limited(t, began, result)) {
		t->reply->start_limit = true;
		snprintf(result, sizeof(result), "start-limit-hit");
	}
	told = *result && strcmp(result, "success") != 0;
	manager_fault(t->reply, -EIO, VIGIL_FAULT_FAILED, "%s%s%s", text, told ? ": " : "",
		told ? result : "");
	return r < 0 ? r : 1;
}

/* After the deadline: finds out whether the job still runs within systemd's own time limits. */
static int job_late(struct talk *t, struct job *job)
{
	char state[32];
	int r;

	t->call->deadline = clock_now() + LAST_LOOK;
	r = systemd_get_text(t->call, job->path, JOB, "State", state, sizeof(state));
	t->reply->in_progress = r >= 0 && state[0] != '\0';
	return t->reply->in_progress ? 1 : -ETIMEDOUT;
}

/* Reports a lost connection in the reply instead of returning it.  No error may lead to a second
 * attempt, because systemd may have begun the change. */
static int report_loss(struct talk *t, int r)
{
	if (!systemd_bus_is_dead(r))
		return r;
	systemd_bus_drop();
	change_job_fault(t->call, r, t->reply);
	return 1;
}

/* This comes before the request of the job, or before the question for it, and the bus keeps the
 * order, so the signal is not missed. */
static int match_removed(struct job *job, sd_bus_slot **slot)
{
	return sd_bus_match_signal_async(systemd_bus(), slot, SYSTEMD, SYSTEMD_OBJECT,
		SYSTEMD_MANAGER, "JobRemoved", on_removed, NULL, job);
}

static int job_finish(struct talk *t, uint64_t began, struct job *job)
{
	int r = job_wait(t, job);

	if (r == -ETIMEDOUT)
		r = job_late(t, job);
	if (r >= 0 && !t->reply->in_progress)
		r = job_evaluate(t, began, job);
	return r;
}

static int run_job(struct talk *t)
{
	static const char *const methods[] = {[MANAGER_RESTART] = "RestartUnit",
		[MANAGER_START] = "StartUnit",
		[MANAGER_STOP] = "StopUnit",
		[MANAGER_RELOAD] = "ReloadUnit"};
	sd_bus_message *answer = NULL;
	sd_bus_slot *slot = NULL;
	struct job job = {0};
	uint64_t began;
	int r = unit_began(t, &began);

	if (r >= 0)
		r = match_removed(&job, &slot);
	if (r >= 0)
		r = systemd_ask(t->call, &answer, SYSTEMD_OBJECT, SYSTEMD_MANAGER,
			methods[t->change], "ss", t->unit, "fail");
	if (r >= 0)
		r = sd_bus_message_read(answer, "o", &job.path);
	if (r >= 0) {
		job.systemd = sd_bus_message_get_sender(answer);
		r = job_finish(t, began, &job);
	}
	sd_bus_slot_unref(slot);
	sd_bus_message_unref(answer);
	return report_loss(t, r);
}

int change_job_run(struct systemd_call *call, enum manager_change change, const char *unit,
	const char *path, struct manager_reply *reply)
{
	struct talk t = {
		.call = call, .change = change, .unit = unit, .path = path, .reply = reply};

	return run_job(&t);
}

/* Waits for the job, which may have ended already: then its result is not known, and the query
 * after it shows whether it has worked. */
static int follow_job(struct talk *t, const struct manager_job *known)
{
	sd_bus_message *answer = NULL;
	sd_bus_slot *slot = NULL;
	struct job job = {.path = known->path};
	int r = match_removed(&job, &slot);

	snprintf(job.result, sizeof(job.result), "%s", known->result);
	if (r >= 0 && job.result[0] == '\0') {
		r = systemd_get(t->call, &answer, job.path, JOB, "State");
		if (is_gone(t))
			r = snprintf(job.result, sizeof(job.result), "done");
	}
	if (answer != NULL)
		job.systemd = sd_bus_message_get_sender(answer);
	if (r >= 0)
		r = job_finish(t, known->began, &job);
	sd_bus_slot_unref(slot);
	sd_bus_message_unref(answer);
	return report_loss(t, r);
}

int change_job_follow(struct systemd_call *call, const struct manager_job *known, const char *unit,
	const char *path, struct manager_reply *reply)
{
	struct talk t = {.call = call,
		.change = MANAGER_RESTART,
		.unit = unit,
		.path = path,
		.reply = reply};

	if (known->path[0] == '\0') {
		manager_fault(reply, -ECONNRESET, VIGIL_FAULT_FAILED, NO_ANSWER);
		return 1;
	}
	return follow_job(&t, known);
}
