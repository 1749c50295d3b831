/*
 * restart_job: restarts one unit, and waits for systemd's word about the job.
 *
 * A restart is a job, and a signal tells how it ended.  That signal is listened for only while a
 * job is awaited: a connection at rest, which nobody reads, must stay silent.  The signal is lost
 * when the bus or systemd starts over in the middle, so the job itself is looked for once a second
 * as well.
 *
 * A start may take as long as systemd lets it, a database in recovery many minutes.  A worker does
 * not wait that long: at its deadline it reports that the job still runs.
 */
#include "service/systemd/restart_job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/systemd/unit_message.h"

#define JOB       SYSTEMD ".Job"
#define JOB_POLL  1000000      /* microseconds from one look for a job to the next */
#define RECONNECT 100000       /* microseconds between two tries */
#define LAST_LOOK CLOCK_SECOND /* after the deadline, to see whether the job still runs */

struct talk {
	struct systemd_call *call;
	const char *unit, *path;
	struct manager_reply *reply;
};

void restart_job_fault(struct systemd_call *call, int r, struct manager_reply *reply)
{
	if (sd_bus_error_has_name(&call->error, SD_BUS_ERROR_NO_REPLY) && systemd_left(call)) {
		manager_fault(reply, -ECONNRESET, VIGIL_FAULT_FAILED,
			"systemd left the bus without an answer");
		return;
	}
	unit_fault(reply, r, &call->error);
}

/* --- the job ---------------------------------------------------------------------------------- */

struct job {
	const char *path;
	const char *systemd; /* who may tell of it: whoever answered the call */
	char result[32];     /* "" until it is known */
};

/* JobRemoved of our job, from systemd itself: anyone on the bus may send us a signal. */
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

/* Asks for the job itself: 1 while it is there, 0 when it is gone. */
static int job_exists(struct talk *t, const struct job *job)
{
	char state[32];
	int r = systemd_get_text(t->call, job->path, JOB, "State", state, sizeof(state));

	if (sd_bus_error_has_name(&t->call->error, SD_BUS_ERROR_UNKNOWN_OBJECT) ||
		sd_bus_error_has_name(&t->call->error, SYSTEMD ".NoSuchJob"))
		return 0;
	/* Not there for a moment, as while systemd replaces itself, it will be back. */
	return systemd_bus_is_dead(r) ? r : 1;
}

/* Takes in what has arrived, or waits for a while.  1: look for the job. */
static int job_step(struct talk *t)
{
	uint64_t usec = systemd_left(t->call);
	int r;

	if (!usec) /* looked at each time, as anyone may send us messages without end */
		return -ETIMEDOUT;
	r = sd_bus_process(systemd_bus(), NULL);
	if (r != 0)
		return r < 0 ? r : 0;
	if (usec > JOB_POLL)
		usec = JOB_POLL;
	r = sd_bus_wait(systemd_bus(), usec);
	return r < 0 && r != -EINTR ? r : r == 0;
}

/* The connection anew, however long the bus is away: the job goes on without it. */
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

/* Until the result of the job is known. */
static int job_wait(struct talk *t, struct job *job)
{
	int r = 0;

	while (!*job->result) {
		r = job_step(t);
		if (r > 0)
			r = job_exists(t, job);
		else if (r == 0)
			continue;
		if (systemd_bus_is_dead(r)) { /* what was said meanwhile is lost */
			r = job_reconnect(t);
		} else if (r == 0) {
			while (systemd_left(t->call) && sd_bus_process(systemd_bus(), NULL) > 0)
				; /* its signal may have come while we asked */
			if (!*job->result)
				snprintf(job->result, sizeof(job->result), "done");
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* When it last began to start. */
static int unit_began(struct talk *t, uint64_t *when)
{
	*when = 0;
	return systemd_get_number(
		t->call, t->path, SYSTEMD_UNIT, "InactiveExitTimestampMonotonic", when);
}

/* A job that failed without any attempt to start was refused for starting too often.  Result
 * says so only when nothing had failed before: a unit that crashed keeps the crash's (v252). */
static bool was_limited(struct talk *t, uint64_t began, const char *result)
{
	uint64_t now;

	if (strcmp(result, "start-limit-hit") == 0)
		return true;
	return strcmp(result, "resources") != 0 && unit_began(t, &now) >= 0 && now == began;
}

static int job_judge(struct talk *t, uint64_t began, const struct job *job)
{
	static const struct {
		const char *result, *text;
	} words[] = {
		{"failed", "it could not be started"},
		{"timeout", "its start ran into systemd's own limit"},
		{"dependency", "a unit that it needs could not be started"},
		{"canceled", "another job took the place of the restart"},
		{"skipped", "systemd skipped the restart"},
	};
	const char *text = job->result;
	char result[64];
	bool told;
	size_t i;
	int r;

	if (strcmp(job->result, "done") == 0)
		return 1;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(job->result, words[i].result) == 0)
			text = words[i].text;
	r = systemd_get_text(t->call, t->path, SYSTEMD_SERVICE, "Result", result, sizeof(result));
	if (r >= 0 && strcmp(job->result, "failed") == 0 && was_limited(t, began, result)) {
		t->reply->start_limit = true;
		snprintf(result, sizeof(result), "start-limit-hit");
	}
	told = *result && strcmp(result, "success") != 0;
	manager_fault(t->reply, -EIO, VIGIL_FAULT_FAILED, "%s%s%s", text, told ? ": " : "",
		told ? result : "");
	return r < 0 ? r : 1;
}

/* The deadline has passed: whether the job still runs, within systemd's own limits. */
static int job_late(struct talk *t, struct job *job)
{
	char state[32];
	int r;

	t->call->deadline = clock_now() + LAST_LOOK;
	r = systemd_get_text(t->call, job->path, JOB, "State", state, sizeof(state));
	t->reply->in_progress = r >= 0 && state[0] != '\0';
	return t->reply->in_progress ? 1 : -ETIMEDOUT;
}

/* From here on nothing is tried twice: systemd may have begun. */
static int run_job(struct talk *t)
{
	sd_bus_message *answer = NULL;
	sd_bus_slot *slot = NULL;
	struct job job = {0};
	uint64_t began;
	int r = unit_began(t, &began);

	/* Asked for before the job, and the bus keeps the order, so no end can be missed. */
	if (r >= 0)
		r = sd_bus_match_signal_async(systemd_bus(), &slot, SYSTEMD, SYSTEMD_OBJECT,
			SYSTEMD_MANAGER, "JobRemoved", on_removed, NULL, &job);
	if (r >= 0)
		r = systemd_ask(t->call, &answer, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "RestartUnit",
			"ss", t->unit, "fail");
	if (r >= 0)
		r = sd_bus_message_read(answer, "o", &job.path);
	if (r >= 0) {
		job.systemd = sd_bus_message_get_sender(answer);
		r = job_wait(t, &job);
		if (r == -ETIMEDOUT)
			r = job_late(t, &job);
	}
	if (r >= 0 && !t->reply->in_progress)
		r = job_judge(t, began, &job);
	sd_bus_slot_unref(slot);
	sd_bus_message_unref(answer);
	if (systemd_bus_is_dead(r)) {
		systemd_bus_drop();
		restart_job_fault(t->call, r, t->reply);
		r = 1;
	}
	return r;
}

int restart_job_run(
	struct systemd_call *call, const char *unit, const char *path, struct manager_reply *reply)
{
	struct talk t = {.call = call, .unit = unit, .path = path, .reply = reply};

	return run_job(&t);
}
