/*
 * systemd: the manager of systemd's units.
 *
 * A query makes one ListUnitsByNames call, by far the cheapest query that systemd offers, and
 * reads the properties that unit_evidence.c needs.
 *
 * A change does not override an admin's decision. A restart and a start are refused if the unit is
 * held (unit_evidence.c), if a stop job is pending, or if the machine is shutting down. The job
 * mode is "fail", so that no change replaces another job.
 */
#include "service/manager.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "process/process.h"
#include "service/systemd/bus.h"
#include "service/systemd/change_job.h"
#include "service/systemd/unit_conditions.h"
#include "service/systemd/unit_evidence.h"
#include "service/systemd/unit_info.h"
#include "service/systemd/unit_list.h"

#define RULES "/etc/polkit-1/rules.d/50-vigil.rules"

/* One query or change in progress. */
struct talk {
	struct systemd_call call;
	const struct manager_request *request;
	struct manager_reply *reply;
	char name[MANAGER_UNIT];    /* name of the unit */
	enum manager_change change; /* unless it is a query */
	bool reset_denied;          /* ResetFailedUnit was denied; the change is tried anyway */
};

/* The unit's row in the reply of ListUnitsByNames, and the message that owns its texts. */
struct unit {
	sd_bus_message *message;
	struct unit_row row;
};

/* --- faults ----------------------------------------------------------------------------------- */

/* Sets a fault that vigild itself has found. Returns 1: the fault is set. */
static int refuse(struct talk *t, int error, const char *why)
{
	manager_fault(t->reply, error, VIGIL_FAULT_REFUSED, "%s", why);
	return 1;
}

/* --- units ------------------------------------------------------------------------------------ */

static int unit_is_none(struct talk *t)
{
	return sd_bus_error_setf(&t->call.error, SYSTEMD ".OtherUnit",
		"systemd did not answer for %s but for another unit", t->name);
}

/* Checks whether the requested name is one of the unit's names. Returns 0 or a negative errno. */
static int unit_is_called(struct talk *t, const struct unit_row *row)
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

/* Finds the unit. Returns 1; 0 if systemd does not know it; or a negative errno. */
static int unit_find(struct talk *t, struct unit *unit)
{
	struct unit_row more;
	int r = systemd_ask(&t->call, &unit->message, SYSTEMD_OBJECT, SYSTEMD_MANAGER,
		"ListUnitsByNames", "as", 1, t->name);

	if (r >= 0)
		r = unit_rows_enter(unit->message);
	if (r >= 0)
		r = unit_row_read(unit->message, &unit->row);
	if (r <= 0)
		return r;
	if (unit_row_read(unit->message, &more) != 0)
		return unit_is_none(t); /* one unit has one row */
	if (!unit_row_is_named(&unit->row, t->name))
		r = unit_is_called(t, &unit->row);
	return r < 0 ? r : 1;
}

static void unit_clear(struct unit *unit)
{
	sd_bus_message_unref(unit->message);
	*unit = (struct unit){0};
}

/* --- the query -------------------------------------------------------------------------------- */

static int query(struct talk *t)
{
	struct unit_evidence gathered;
	struct unit unit = {0};
	int r = unit_find(t, &unit);

	t->reply->simple = t->request->simple;
	if (r == 0 || (r > 0 && unit_row_is_absent(&unit.row)))
		t->reply->status = VIGIL_SERVICE_ABSENT;
	else if (r > 0)
		r = unit_evidence_gather(&t->call, t->request, &unit.row, &gathered, t->reply);
	if (r >= 0 && t->reply->status != VIGIL_SERVICE_ABSENT)
		manager_conclude(t->reply, &gathered.e);
	unit_clear(&unit);
	return r;
}

/* Runs work on the bus connection. If the connection has died unnoticed, it is opened again and
 * work is repeated, once. */
static int talk(struct talk *t, int (*work)(struct talk *))
{
	int tries, r = 0;

	if (sd_booted() <= 0) {
		manager_fault(t->reply, -ENOTCONN, VIGIL_FAULT_FAILED,
			"this machine was not booted with systemd");
		return 1;
	}
	if (!unit_name(t->request->name, t->name)) {
		manager_fault(t->reply, -EINVAL, VIGIL_FAULT_FAILED,
			"only .service units can be watched");
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
		change_job_fault(&t->call, r, t->reply);
	}
	sd_bus_error_free(&t->call.error);
	return r;
}

static void systemd_query(const struct manager_request *request, struct manager_reply *reply)
{
	struct talk t = {.call.deadline = request->deadline, .request = request, .reply = reply};

	talk(&t, query);
}

/* --- the change ------------------------------------------------------------------------------- */

/* Checks whether a restart or a start must not be done: the unit is masked, a stop job is pending,
 * or the machine is shutting down. Returns 1 with the fault set if so, 0, or a negative errno. */
static int start_is_unwanted(struct talk *t, const struct unit *unit)
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

/* Whether systemd still names a main process that vigild saw end. systemd does not notice the end
 * of a process that is not its child, such as one from a pidfile whose wrapper lives on. */
static bool is_unnoticed(struct talk *t, const struct unit *unit)
{
	pid_t pid = 0, died = t->request->memory.died;

	return died > 0 && systemd_get_pid(&t->call, unit->row.path, "MainPID", &pid) >= 0 &&
	       pid == died && !process_lives(pid);
}

/* Returns a reason if the service was found down and is up again in the meantime: systemd, an
 * admin, or vigild under another name of the unit has started it. NULL: it is not up. */
static const char *is_back(struct talk *t, const struct unit *unit)
{
	if (t->request->pidfile != NULL || !t->request->down || unit_row_is_exited(&unit->row))
		return NULL;
	switch (unit_status(unit->row.active)) {
	case VIGIL_SERVICE_RUNNING:
		return is_unnoticed(t, unit) ? NULL : "it is already running again";
	case VIGIL_SERVICE_STARTING: return "it is already starting";
	default: return NULL;
	}
}

/* Resets the "failed" state and, with it, the counter of the start limit, which is the purpose
 * of the option. */
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

/* Changes one part of an umbrella unit. A part that cannot be changed keeps no other part from its
 * change; the first of them is reported. */
static int change_part(const struct unit_row *row, void *arg)
{
	struct talk *t = arg;
	struct manager_reply before = *t->reply;
	int r = change_job_run(&t->call, t->change, row->name, row->path, t->reply);

	if (r < 0 && !systemd_bus_is_dead(r) && clock_now() < t->request->deadline) {
		change_job_fault(&t->call, r, t->reply);
		r = 0;
	}
	if (r >= 0 && before.error != 0)
		*t->reply = before;
	return r < 0 ? r : 0;
}

static int change_parts(struct talk *t, const char *parts)
{
	int r = unit_gather_each(&t->call, parts, change_part, t);

	return r < 0 && t->reply->error == 0 ? r : 1;
}

/* Adds or removes a reference to the unit, because without one systemd unloads a unit that is
 * down as soon as its job has ended. */
static int refer(struct talk *t, const char *method)
{
	struct systemd_call call = {.deadline = t->call.deadline};
	int r = systemd_ask(&call, NULL, SYSTEMD_OBJECT, SYSTEMD_MANAGER, method, "s", t->name);

	sd_bus_error_free(&call.error);
	return r;
}

/* Runs the job of the change. A start that systemd skipped because of an unmet condition is neither
 * a failure nor a success, so it is reported as refused. */
static int run_job(struct talk *t, const struct unit *unit)
{
	char *unmet = t->reply->memory.unmet;
	bool referred = refer(t, "RefUnit") >= 0;
	int r = change_job_run(&t->call, t->change, t->name, unit->row.path, t->reply);
	if (r >= 0 && t->change != MANAGER_STOP && !t->reply->in_progress &&
		unit_conditions_unmet(
			&t->call, unit->row.path, unmet, sizeof(t->reply->memory.unmet)) >= 0 &&
		unmet[0] != '\0')
		refuse(t, -EPERM, unmet);
	if (referred)
		refer(t, "UnrefUnit");
	return r;
}

/* For systemd a start of an active unit is done, even if all its processes have ended, as those of
 * a wrapped init script may have. */
static void correct_change(struct talk *t, const struct unit *unit)
{
	if (t->change == MANAGER_START && unit_status(unit->row.active) == VIGIL_SERVICE_RUNNING)
		t->change = MANAGER_RESTART;
}

/* Restarts or starts the unit, or the parts of an umbrella unit that are down. */
static int start_unit(struct talk *t, const struct unit *unit)
{
	struct unit_evidence gathered = {.parts = ""};
	const char *back = is_back(t, unit);
	int r = start_is_unwanted(t, unit);

	if (r == 0 && back != NULL)
		return t->change == MANAGER_START ? 1 : refuse(t, -EALREADY, back);
	if (r == 0 && !t->request->simple) {
		r = unit_evidence_gather(&t->call, t->request, &unit->row, &gathered, t->reply);
		if (r >= 0 && gathered.e.hold != NULL)
			return refuse(t, -EPERM, gathered.e.hold);
	}
	if (r >= 0 && t->reply->error == 0)
		r = reset_failed(t, unit);
	if (r < 0 || t->reply->error != 0)
		return r;
	if (gathered.parts[0] != '\0')
		return change_parts(t, gathered.parts);
	correct_change(t, unit);
	/* If the processes that the unit had do not come back, this has not repaired it. */
	t->reply->memory.lost |= t->reply->memory.had_processes;
	if (t->request->simple)
		return change_job_run(&t->call, t->change, t->name, unit->row.path, t->reply);
	return run_job(t, unit);
}

/* Stops the unit. systemd stops the parts of an umbrella unit together with it, but the job of the
 * umbrella unit does not wait for them. */
static int stop_unit(struct talk *t, const struct unit *unit)
{
	char parts[UNIT_NAMES] = "";
	int r = 0;

	if (unit_row_is_exited(&unit->row))
		r = systemd_get_names(
			&t->call, unit->row.path, SYSTEMD_UNIT, "ConsistsOf", parts, sizeof(parts));
	if (r >= 0)
		r = run_job(t, unit);
	if (r >= 0 && t->reply->error == 0 && parts[0] != '\0')
		r = change_parts(t, parts);
	return r;
}

static int change(struct talk *t, const struct unit *unit)
{
	switch (t->change) {
	case MANAGER_STOP: return stop_unit(t, unit);
	case MANAGER_RELOAD:
		return change_job_run(&t->call, t->change, t->name, unit->row.path, t->reply);
	default: return start_unit(t, unit);
	}
}

static int apply(struct talk *t)
{
	struct unit unit = {0};
	int r = unit_find(t, &unit);

	if (r == 0 || (r > 0 && unit_row_is_absent(&unit.row))) {
		manager_fault(t->reply, -ENOENT, VIGIL_FAULT_ABSENT, "systemd has no such unit: %s",
			t->name);
		r = 1;
	} else if (r > 0 && t->request->accepted.requested) {
		r = change_job_follow(
			&t->call, &t->request->accepted, t->name, unit.row.path, t->reply);
	} else if (r > 0) {
		r = change(t, &unit);
	}
	unit_clear(&unit);
	return r;
}

/* Adds to the text of a denial which line in which file would permit the call. */
static void hint(const struct talk *t, const char *verb, const char *missing, const char *list)
{
	char said[MANAGER_TEXT / 2], buffer[1024], user[64];
	struct passwd entry, *found = NULL;

	if (geteuid() == 0)
		return; /* root needs no polkit rule */
	if (getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) == 0 && found)
		snprintf(user, sizeof(user), "%s", entry.pw_name);
	else
		snprintf(user, sizeof(user), "uid %u", (unsigned)geteuid());
	snprintf(said, sizeof(said), "%.*s", (int)strcspn(t->reply->text, "."), t->reply->text);
	manager_fault(t->reply, t->reply->error, t->reply->fault,
		"%s; polkit does not let %s %s %s: add \"%s\" to %s in " RULES, said, user, verb,
		t->name, missing, list);
}

static void systemd_apply(enum manager_change change, const struct manager_request *request,
	struct manager_reply *reply)
{
	struct talk t = {.call.deadline = request->deadline,
		.request = request,
		.reply = reply,
		.change = change};

	talk(&t, apply);
	if (reply->fault == VIGIL_FAULT_DENIED &&
		(change == MANAGER_STOP || change == MANAGER_RELOAD))
		hint(&t, manager_change_name(change), manager_change_name(change), "vigil_verbs");
	else if (reply->fault == VIGIL_FAULT_DENIED)
		hint(&t, manager_change_name(t.change), t.name, "vigil_units");
	else if (reply->start_limit && t.reset_denied)
		hint(&t, "reset-failed", "reset-failed", "vigil_verbs");
}

/* --- the manager ------------------------------------------------------------------------------ */

static bool systemd_present(const struct manager_request *request)
{
	(void)request;
	return sd_booted() > 0;
}

const struct manager manager_systemd = {
	.name = "systemd",
	.basis = BASIS_WATCHED,
	.present = systemd_present,
	.query = systemd_query,
	.apply = systemd_apply,
	.thread_end = systemd_bus_drop,
	.list = unit_list,
};
