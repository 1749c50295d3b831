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
#include "manager.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#include "clock.h"
#include "systemd_bus.h"

#define MANAGER SYSTEMD ".Manager"
#define UNIT    SYSTEMD ".Unit"
#define SERVICE SYSTEMD ".Service"
#define JOB     SYSTEMD ".Job"
#define OBJECT  "/org/freedesktop/systemd1"

#define NAME_ROOM 256     /* a unit's name has at most 255 bytes */
#define JOB_POLL  1000000 /* microseconds from one look for a job to the next */

/* One request under way. */
struct talk {
	struct systemd_call call;
	const struct manager_request *request;
	struct manager_reply *reply;
	char name[NAME_ROOM]; /* of the unit */
};

/* A unit as ListUnitsByNames tells of it; the texts are the message's. */
struct unit {
	sd_bus_message *message;
	const char *load, *active, *sub, *path, *job;
};

/* --- what went wrong ----------------------------------------------------------------------------- */

/* What sd-bus or systemd answered, as a fault. */
static void talk_fault(struct talk *t, int r)
{
	static const struct {
		const char *name;
		int error;
		vigil_service_fault fault;
	} known[] = {
		{SD_BUS_ERROR_ACCESS_DENIED, -EACCES, VIGIL_FAULT_DENIED},
		{SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, -EACCES, VIGIL_FAULT_DENIED},
		{SD_BUS_ERROR_NO_REPLY, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT},
		{SD_BUS_ERROR_TIMEOUT, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT},
		{SYSTEMD ".NoSuchUnit", -ENOENT, VIGIL_FAULT_ABSENT},
		{SYSTEMD ".UnitMasked", -EPERM, VIGIL_FAULT_REFUSED},
		{SYSTEMD ".TransactionIsDestructive", -EBUSY, VIGIL_FAULT_REFUSED},
		{SYSTEMD ".ShuttingDown", -ESHUTDOWN, VIGIL_FAULT_REFUSED},
	};
	const char *text = t->call.error.message ? t->call.error.message : strerror(-r);
	vigil_service_fault fault = VIGIL_FAULT_FAILED;
	size_t i;

	if (r == -EACCES || r == -EPERM)
		fault = VIGIL_FAULT_DENIED;
	else if (r == -ETIMEDOUT)
		fault = VIGIL_FAULT_TIMEOUT;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (sd_bus_error_has_name(&t->call.error, known[i].name)) {
			r = known[i].error;
			fault = known[i].fault;
		}
	if (fault == VIGIL_FAULT_DENIED)
		manager_fault(t->reply, r, fault,
			"%s (vigild's user needs a polkit rule for " SYSTEMD ".manage-units)",
			text);
	else if (fault == VIGIL_FAULT_TIMEOUT)
		manager_fault(t->reply, r, fault, "systemd did not answer within the deadline");
	else
		manager_fault(t->reply, r, fault, "%s", text);
}

/* Sets a fault of our own making.  Returns 1: said already. */
static int refuse(struct talk *t, int error, const char *why)
{
	manager_fault(t->reply, error, VIGIL_FAULT_REFUSED, "%s", why);
	return 1;
}

/* --- units ---------------------------------------------------------------------------------------- */

/* A service's name as a unit's.  False for what is a unit of another kind, or too long. */
static bool unit_name(const char *name, char unit[NAME_ROOM])
{
	static const char *const others[] = {".socket", ".target", ".timer", ".path", ".mount",
		".automount", ".swap", ".slice", ".scope", ".device"};
	const char *dot = strrchr(name, '.');
	bool whole = dot && strcmp(dot, ".service") == 0;
	size_t i;

	for (i = 0; dot && i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(dot, others[i]) == 0)
			return false;
	return snprintf(unit, NAME_ROOM, "%s%s", name, whole ? "" : ".service") < NAME_ROOM;
}

/* 1, or 0 when systemd has never heard of it. */
static int unit_find(struct talk *t, struct unit *unit)
{
	int r = systemd_ask(
		&t->call, &unit->message, OBJECT, MANAGER, "ListUnitsByNames", "as", 1, t->name);

	if (r >= 0)
		r = sd_bus_message_enter_container(unit->message, 'a', "(ssssssouso)");
	if (r < 0)
		return r;
	return sd_bus_message_read(unit->message, "(ssssssouso)", NULL, NULL, &unit->load,
		&unit->active, &unit->sub, NULL, &unit->path, NULL, &unit->job, NULL);
}

static void unit_clear(struct unit *unit)
{
	sd_bus_message_unref(unit->message);
	*unit = (struct unit){0};
}

/* Not installed; one whose file is gone but whose processes still run is there. */
static bool unit_is_absent(const struct unit *unit)
{
	return strcmp(unit->load, "not-found") == 0 &&
	       (strcmp(unit->active, "inactive") == 0 || strcmp(unit->active, "failed") == 0);
}

static vigil_service_status unit_status(const struct unit *unit)
{
	static const struct {
		const char *word;
		vigil_service_status status;
	} words[] = {
		{"active", VIGIL_SERVICE_RUNNING}, /* a oneshot that "exited" too */
		{"inactive", VIGIL_SERVICE_STOPPED},
		{"failed", VIGIL_SERVICE_FAILED},
		{"activating", VIGIL_SERVICE_STARTING}, /* auto-restart too */
		{"deactivating", VIGIL_SERVICE_STOPPING},
		{"reloading", VIGIL_SERVICE_RELOADING},
		{"refreshing", VIGIL_SERVICE_RELOADING},
		{"maintenance", VIGIL_SERVICE_STOPPED},
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(unit->active, words[i].word) == 0)
			return words[i].status;
	return VIGIL_SERVICE_UNKNOWN;
}

/* What the properties add: pid, respawns, why it failed. */
static int unit_details(struct talk *t, const struct unit *unit)
{
	struct manager_reply *reply = t->reply;
	uint64_t pid = 0, respawns = 0;
	char result[64];
	int r = 0;

	/* the pid first: a new one is then never told with the old count */
	if (!vigil_service_is_down(reply->status))
		r = systemd_get_number(&t->call, unit->path, SERVICE, "MainPID", 'u', &pid);
	if (r >= 0)
		r = systemd_get_number(&t->call, unit->path, SERVICE, "NRestarts", 'u', &respawns);
	reply->pid = (pid_t)pid;
	reply->respawns = (uint32_t)respawns;
	if (r >= 0 && strcmp(unit->active, "failed") == 0) {
		r = systemd_get_text(
			&t->call, unit->path, SERVICE, "Result", result, sizeof(result));
		reply->start_limit = strcmp(result, "start-limit-hit") == 0;
		snprintf(reply->text, sizeof(reply->text), "%s", result);
	}
	return r;
}

/* --- the look --------------------------------------------------------------------------------------- */

static int look(struct talk *t)
{
	struct manager_reply *reply = t->reply;
	struct unit unit = {0};
	int r = unit_find(t, &unit);

	if (r <= 0)
		goto out;
	if (unit_is_absent(&unit)) {
		r = 0;
		goto out;
	}
	reply->status = unit_status(&unit);
	reply->masked = strcmp(unit.load, "masked") == 0;
	r = unit_details(t, &unit);
	if (reply->masked) {
		if (vigil_service_is_down(reply->status))
			reply->status = VIGIL_SERVICE_STOPPED; /* as somebody wished */
		snprintf(reply->text, sizeof(reply->text), "masked");
	} else if (strcmp(unit.load, "loaded") != 0) {
		snprintf(reply->text, sizeof(reply->text), "its unit file is %s", unit.load);
	} else if (!*reply->text && reply->status != VIGIL_SERVICE_RUNNING) {
		snprintf(reply->text, sizeof(reply->text), "%s", unit.sub);
	}
	r = r < 0 ? r : 1;
out:
	unit_clear(&unit);
	if (r == 0)
		reply->status = VIGIL_SERVICE_ABSENT;
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
	if (!unit_name(t->request->name, t->name)) {
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
	uint64_t usec;
	int r = sd_bus_process(systemd_bus(), NULL);

	if (r != 0)
		return r < 0 ? r : 0;
	usec = systemd_left(&t->call);
	if (!usec)
		return -ETIMEDOUT;
	if (usec > JOB_POLL)
		usec = JOB_POLL;
	r = sd_bus_wait(systemd_bus(), usec);
	return r < 0 && r != -EINTR ? r : r == 0;
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
		if (systemd_bus_is_dead(r)) { /* the job goes on; what was said meanwhile is lost */
			systemd_bus_drop();
			r = systemd_bus_open(t->call.deadline);
		} else if (r == 0) {
			while (sd_bus_process(systemd_bus(), NULL) > 0)
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
		&t->call, unit->path, UNIT, "InactiveExitTimestampMonotonic", 't', when);
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
	r = systemd_get_text(&t->call, unit->path, SERVICE, "Result", result, sizeof(result));
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

	if (strcmp(unit->load, "masked") == 0)
		return refuse(t, -EPERM, "the unit is masked");
	if (strcmp(unit->job, "stop") == 0)
		return refuse(t, -EBUSY, "the unit is being stopped: a stop job is pending");
	r = systemd_get_text(&t->call, OBJECT, MANAGER, "SystemState", state, sizeof(state));
	if (r >= 0 && strcmp(state, "stopping") == 0)
		return refuse(t, -ESHUTDOWN, "the machine is shutting down");
	return r < 0 ? r : 0;
}

/* Its count of starts too, which is what the option is about. */
static int reset_failed(struct talk *t, const struct unit *unit)
{
	if (!t->request->reset_failed || strcmp(unit->active, "failed") != 0)
		return 0;
	return systemd_ask(&t->call, NULL, OBJECT, MANAGER, "ResetFailedUnit", "s", t->name);
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
		r = sd_bus_match_signal_async(systemd_bus(), &slot, SYSTEMD, OBJECT, MANAGER,
			"JobRemoved", on_removed, NULL, &job);
	if (r >= 0)
		r = systemd_ask(
			&t->call, &answer, OBJECT, MANAGER, "RestartUnit", "ss", t->name, "fail");
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

	if (r == 0 || (r > 0 && unit_is_absent(&unit))) {
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

static void systemd_restart(const struct manager_request *request, struct manager_reply *reply)
{
	struct talk t = {.call.deadline = request->deadline, .request = request, .reply = reply};

	talk(&t, restart);
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
