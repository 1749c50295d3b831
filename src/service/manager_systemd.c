/*
 * manager_systemd: units of systemd.
 *
 * How a unit is, takes one ListUnitsByNames, by far the cheapest question systemd knows, and
 * one to three properties.  A restart is a job, and a signal tells how it ended.  That signal
 * is listened for only while a job is awaited: a connection at rest, which nobody reads, must
 * stay silent.  It is lost when the bus or systemd starts over in the middle, so the job itself
 * is looked for once a second as well.
 *
 * An admin's wish is not fought: a masked unit, a pending stop job and a machine that is
 * shutting down are refused here, and the mode of the job is "fail", so that it takes no other
 * job's place.
 */
#include "service/manager.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "service/systemd_bus.h"
#include "service/systemd_unit.h"

#define JOB       SYSTEMD ".Job"
#define JOB_POLL  1000000 /* microseconds from one look for a job to the next */
#define RECONNECT 100000  /* microseconds between two tries */

#define RULES "/etc/polkit-1/rules.d/50-vigil.rules"

/* One request under way. */
struct talk {
	struct systemd_call call;
	const struct manager_request *request;
	struct manager_reply *reply;
	char name[SYSTEMD_NAME]; /* of the unit */
	bool reset_denied;       /* it may be restarted for all that */
};

/* The row that tells of it, and the message whose texts it has. */
struct unit {
	sd_bus_message *message;
	struct systemd_row row;
};

/* --- what went wrong ----------------------------------------------------------------------------- */

/* With time left it is not systemd that took too long: the bus says that nobody will answer. */
static void talk_fault(struct talk *t, int r)
{
	if (sd_bus_error_has_name(&t->call.error, SD_BUS_ERROR_NO_REPLY) &&
		systemd_left(&t->call)) {
		manager_fault(t->reply, -ECONNRESET, VIGIL_FAULT_FAILED,
			"systemd left the bus without an answer");
		return;
	}
	systemd_fault(t->reply, r, &t->call.error);
}

/* Sets a fault of our own making.  Returns 1: said already. */
static int refuse(struct talk *t, int error, const char *why)
{
	manager_fault(t->reply, error, VIGIL_FAULT_REFUSED, "%s", why);
	return 1;
}

/* --- units ---------------------------------------------------------------------------------------- */

static int unit_is_none(struct talk *t)
{
	return sd_bus_error_setf(&t->call.error, SYSTEMD ".OtherUnit",
		"systemd was asked for %s and told of another unit", t->name);
}

/* Whether that is one of its names.  0 or -errno. */
static int unit_is_called(struct talk *t, const struct systemd_row *row)
{
	sd_bus_message *answer = NULL;
	const char *other;
	bool called = false;
	int r = systemd_get(&t->call, &answer, row->path, SYSTEMD_UNIT, "Names");

	if (r >= 0)
		r = sd_bus_message_enter_container(answer, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_enter_container(answer, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_read_basic(answer, 's', &other)) > 0)
		called |= strcmp(other, t->name) == 0;
	sd_bus_message_unref(answer);
	return r < 0 ? r : called ? 0 : unit_is_none(t);
}

/* 1, or 0 when systemd has never heard of it. */
static int unit_find(struct talk *t, struct unit *unit)
{
	struct systemd_row more;
	int r = systemd_ask(&t->call, &unit->message, SYSTEMD_OBJECT, SYSTEMD_MANAGER,
		"ListUnitsByNames", "as", 1, t->name);

	if (r >= 0)
		r = systemd_rows_enter(unit->message);
	if (r >= 0)
		r = systemd_row_read(unit->message, &unit->row);
	if (r <= 0)
		return r;
	if (systemd_row_read(unit->message, &more) != 0)
		return unit_is_none(t); /* a unit has one row */
	if (!systemd_row_is_named(&unit->row, t->name))
		r = unit_is_called(t, &unit->row);
	return r < 0 ? r : 1;
}

static void unit_clear(struct unit *unit)
{
	sd_bus_message_unref(unit->message);
	*unit = (struct unit){0};
}

static int unit_details(
	struct talk *t, const struct systemd_row *row, struct systemd_details *details)
{
	enum systemd_detail detail;
	int r = 0;

	for (detail = 0; r >= 0 && detail < SYSTEMD_DETAILS; detail++)
		if (systemd_detail_applies(detail, row->active))
			r = systemd_get_detail(&t->call, row->path, detail, details);
	return r;
}

/* --- the look --------------------------------------------------------------------------------------- */

static int look(struct talk *t)
{
	struct systemd_details details = {0};
	struct unit unit = {0};
	int r = unit_find(t, &unit);

	if (r == 0)
		t->reply->status = VIGIL_SERVICE_ABSENT;
	if (r <= 0)
		goto out;
	if (!systemd_row_is_absent(&unit.row))
		r = unit_details(t, &unit.row, &details);
	if (r >= 0)
		systemd_judge(&unit.row, &details, t->reply);
out:
	unit_clear(&unit);
	return r;
}

/* Does it on a connection that works: one that had died unnoticed is opened anew, once. */
static int talk(struct talk *t, int (*work)(struct talk *))
{
	int tries, r = 0;

	if (sd_booted() <= 0) {
		manager_fault(t->reply, -ENOTCONN, VIGIL_FAULT_FAILED,
			"this machine is not run by systemd");
		return 1;
	}
	if (!systemd_unit_name(t->request->name, t->name)) {
		manager_fault(t->reply, -EINVAL, VIGIL_FAULT_FAILED,
			"only units of the kind .service can be watched");
		return 1;
	}
	for (tries = 0; tries < 2; tries++) {
		r = systemd_bus_open(t->call.deadline);
		if (r < 0)
			break;
		r = work(t);
		if (!systemd_bus_is_dead(r))
			break;
		systemd_bus_drop();
	}
	if (r < 0) {
		t->reply->status = VIGIL_SERVICE_UNKNOWN;
		talk_fault(t, r);
	}
	sd_bus_error_free(&t->call.error);
	return r;
}

static void systemd_query(const struct manager_request *request, struct manager_reply *reply)
{
	struct talk t = {.call.deadline = request->deadline, .request = request, .reply = reply};

	talk(&t, look);
}

/* --- the restart -------------------------------------------------------------------------------------- */

struct job {
	const char *path;
	const char *systemd; /* who may tell of it: whoever answered the call */
	char result[32];     /* "" until it is known */
};

/* JobRemoved of our job, from systemd itself: anyone on the bus may send us a signal. */
static int on_removed(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct job *job = arg;
	const char *sender = sd_bus_message_get_sender(message), *path, *result;

	(void)error;
	if (!job->path || (job->systemd && (!sender || strcmp(sender, job->systemd) != 0)))
		return 0;
	if (sd_bus_message_read(message, "uoss", NULL, &path, NULL, &result) > 0 &&
		strcmp(path, job->path) == 0)
		snprintf(job->result, sizeof(job->result), "%s", result);
	return 0;
}

/* Asks for the job itself: 1 while it is there, 0 when it is gone. */
static int job_exists(struct talk *t, const struct job *job)
{
	char state[32];
	int r = systemd_get_text(&t->call, job->path, JOB, "State", state, sizeof(state));

	if (sd_bus_error_has_name(&t->call.error, SD_BUS_ERROR_UNKNOWN_OBJECT) ||
		sd_bus_error_has_name(&t->call.error, SYSTEMD ".NoSuchJob"))
		return 0;
	/* Not there for a moment, as while systemd replaces itself, it will be back. */
	return systemd_bus_is_dead(r) ? r : 1;
}

/* Takes in what has arrived, or waits for a while.  1: look for the job. */
static int job_step(struct talk *t)
{
	uint64_t usec = systemd_left(&t->call);
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
	while ((r = systemd_bus_open(t->call.deadline)) < 0) {
		usec = systemd_left(&t->call);
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
			while (systemd_left(&t->call) && sd_bus_process(systemd_bus(), NULL) > 0)
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
static int unit_began(struct talk *t, const struct unit *unit, uint64_t *when)
{
	*when = 0;
	return systemd_get_number(
		&t->call, unit->row.path, SYSTEMD_UNIT, "InactiveExitTimestampMonotonic", when);
}

/* A job that failed without any attempt to start was refused for starting too often.  Result
 * says so only when nothing had failed before: a unit that crashed keeps the crash's (v252). */
static bool was_limited(struct talk *t, const struct unit *unit, uint64_t began, const char *result)
{
	uint64_t now;

	if (strcmp(result, "start-limit-hit") == 0)
		return true;
	return strcmp(result, "resources") != 0 && unit_began(t, unit, &now) >= 0 && now == began;
}

static int job_judge(struct talk *t, const struct unit *unit, uint64_t began, const struct job *job)
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
	r = systemd_get_text(
		&t->call, unit->row.path, SYSTEMD_SERVICE, "Result", result, sizeof(result));
	if (r >= 0 && strcmp(job->result, "failed") == 0 && was_limited(t, unit, began, result)) {
		t->reply->start_limit = true;
		snprintf(result, sizeof(result), "start-limit-hit");
	}
	told = *result && strcmp(result, "success") != 0;
	manager_fault(t->reply, -EIO, VIGIL_FAULT_FAILED, "%s%s%s", text, told ? ": " : "",
		told ? result : "");
	return r < 0 ? r : 1;
}

/* Whether somebody does not want it to run.  1 when that was said. */
static int restart_is_unwanted(struct talk *t, const struct unit *unit)
{
	char state[32];
	int r;

	if (strcmp(unit->row.load, "masked") == 0)
		return refuse(t, -EPERM, "the unit is masked");
	if (strcmp(unit->row.job, "stop") == 0)
		return refuse(t, -EBUSY, "the unit is being stopped: a stop job is pending");
	r = systemd_get_text(
		&t->call, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "SystemState", state, sizeof(state));
	if (r >= 0 && strcmp(state, "stopping") == 0)
		return refuse(t, -ESHUTDOWN, "the machine is shutting down");
	return r < 0 ? r : 0;
}

/* Its count of starts too, which is what the option is about. */
static int reset_failed(struct talk *t, const struct unit *unit)
{
	int r;

	if (!t->request->reset_failed || strcmp(unit->row.active, "failed") != 0)
		return 0;
	r = systemd_ask(
		&t->call, NULL, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "ResetFailedUnit", "s", t->name);
	t->reset_denied = r == -EACCES || r == -EPERM;
	return t->reset_denied ? 0 : r;
}

/* From here on nothing is tried twice: systemd may have begun. */
static int run_job(struct talk *t, const struct unit *unit)
{
	sd_bus_message *answer = NULL;
	sd_bus_slot *slot = NULL;
	struct job job = {0};
	uint64_t began;
	int r = unit_began(t, unit, &began);

	/* Asked for before the job, and the bus keeps the order, so no end can be missed. */
	if (r >= 0)
		r = sd_bus_match_signal_async(systemd_bus(), &slot, SYSTEMD, SYSTEMD_OBJECT,
			SYSTEMD_MANAGER, "JobRemoved", on_removed, NULL, &job);
	if (r >= 0)
		r = systemd_ask(&t->call, &answer, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "RestartUnit",
			"ss", t->name, "fail");
	if (r >= 0)
		r = sd_bus_message_read(answer, "o", &job.path);
	if (r >= 0) {
		job.systemd = sd_bus_message_get_sender(answer);
		r = job_wait(t, &job);
	}
	if (r >= 0)
		r = job_judge(t, unit, began, &job);
	sd_bus_slot_unref(slot);
	sd_bus_message_unref(answer);
	if (systemd_bus_is_dead(r)) {
		systemd_bus_drop();
		talk_fault(t, r);
		r = 1;
	}
	return r;
}

static int restart(struct talk *t)
{
	struct unit unit = {0};
	int r = unit_find(t, &unit);

	if (r == 0 || (r > 0 && systemd_row_is_absent(&unit.row))) {
		manager_fault(
			t->reply, -ENOENT, VIGIL_FAULT_ABSENT, "systemd has no unit %s", t->name);
		r = 1;
		goto out;
	}
	if (r > 0)
		r = restart_is_unwanted(t, &unit);
	if (r == 0)
		r = reset_failed(t, &unit);
	if (r >= 0 && !t->reply->error)
		r = run_job(t, &unit);
out:
	unit_clear(&unit);
	return r;
}

/* Says of a denial which line of which file would end it. */
static void hint(const struct talk *t, const char *verb, const char *missing, const char *list)
{
	char said[MANAGER_TEXT / 2], buffer[1024], user[64];
	struct passwd entry, *found = NULL;

	if (geteuid() == 0)
		return; /* then it was not polkit */
	if (getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) == 0 && found)
		snprintf(user, sizeof(user), "%s", entry.pw_name);
	else
		snprintf(user, sizeof(user), "uid %u", (unsigned)geteuid());
	snprintf(said, sizeof(said), "%.*s", (int)strcspn(t->reply->text, "."), t->reply->text);
	manager_fault(t->reply, t->reply->error, t->reply->fault,
		"%s; polkit does not let %s %s %s: add \"%s\" to %s in " RULES, said, user, verb,
		t->name, missing, list);
}

static void systemd_restart(const struct manager_request *request, struct manager_reply *reply)
{
	struct talk t = {.call.deadline = request->deadline, .request = request, .reply = reply};

	talk(&t, restart);
	if (reply->fault == VIGIL_FAULT_DENIED)
		hint(&t, "restart", t.name, "vigil_units");
	else if (reply->start_limit && t.reset_denied)
		hint(&t, "reset-failed", "reset-failed", "vigil_verbs");
}

/* --- the manager ---------------------------------------------------------------------------------------- */

static bool systemd_present(const struct manager_request *request)
{
	(void)request;
	return sd_booted() > 0;
}

const struct manager manager_systemd = {
	.name = "systemd",
	.present = systemd_present,
	.query = systemd_query,
	.restart = systemd_restart,
	.thread_end = systemd_bus_drop,
};
