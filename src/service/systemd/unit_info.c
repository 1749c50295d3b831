/* unit_info: see unit_info.h. */
#include "service/systemd/unit_info.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/signal_name.h"
#include "service/systemd/exit_status.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

bool unit_name(const char *name, char unit[MANAGER_UNIT])
{
	static const char *const others[] = {".socket", ".target", ".timer", ".path", ".mount",
		".automount", ".swap", ".slice", ".scope", ".device"};
	const char *dot = strrchr(name, '.');
	bool whole = dot && strcmp(dot, ".service") == 0;
	size_t i;

	for (i = 0; dot && i < COUNT(others); i++)
		if (strcmp(dot, others[i]) == 0)
			return false;
	return snprintf(unit, MANAGER_UNIT, "%s%s", name, whole ? "" : ".service") < MANAGER_UNIT;
}

const char *unit_short_name(const char *unit, char name[MANAGER_UNIT])
{
	char again[MANAGER_UNIT];

	snprintf(name, MANAGER_UNIT, "%.*s", (int)(strlen(unit) - strlen(".service")), unit);
	if (!unit_name(name, again) || strcmp(again, unit) != 0)
		snprintf(name, MANAGER_UNIT, "%s", unit);
	return name;
}

/* --- the row ---------------------------------------------------------------------------------- */

int unit_rows_enter(sd_bus_message *answer)
{
	return sd_bus_message_enter_container(answer, 'a', "(ssssssouso)");
}

int unit_row_read(sd_bus_message *answer, struct unit_row *row)
{
	return sd_bus_message_read(answer, "(ssssssouso)", &row->name, NULL, &row->load,
		&row->active, &row->sub, NULL, &row->path, NULL, &row->job, NULL);
}

bool unit_row_is_named(const struct unit_row *row, const char *unit)
{
	return strcmp(row->name, unit) == 0;
}

bool unit_row_is_absent(const struct unit_row *row)
{
	return strcmp(row->load, "not-found") == 0 &&
	       vigil_service_is_down(unit_status(row->active));
}

bool unit_row_is_exited(const struct unit_row *row)
{
	return strcmp(row->active, "active") == 0 && strcmp(row->sub, "exited") == 0;
}

vigil_service_status unit_status(const char *active)
{
	static const struct {
		const char *word;
		vigil_service_status status;
	} words[] = {
		{"active", VIGIL_SERVICE_RUNNING}, /* also a oneshot in "active (exited)" */
		{"inactive", VIGIL_SERVICE_STOPPED},
		{"failed", VIGIL_SERVICE_FAILED},
		{"activating", VIGIL_SERVICE_STARTING}, /* also auto-restart */
		{"deactivating", VIGIL_SERVICE_STOPPING},
		{"reloading", VIGIL_SERVICE_RELOADING},
		{"refreshing", VIGIL_SERVICE_RELOADING},
		{"maintenance", VIGIL_SERVICE_STOPPED},
	};
	size_t i;

	for (i = 0; i < COUNT(words); i++)
		if (strcmp(active, words[i].word) == 0)
			return words[i].status;
	return VIGIL_SERVICE_UNKNOWN;
}

/* --- the properties --------------------------------------------------------------------------- */

static const struct {
	const char *interface, *name;
	char type;
} property_table[UNIT_PROPERTIES] = {
	[UNIT_PROPERTY_PID] = {SYSTEMD_SERVICE, "MainPID", 'u'},
	[UNIT_PROPERTY_RESPAWNS] = {SYSTEMD_SERVICE, "NRestarts", 'u'},
	[UNIT_PROPERTY_ENTERED] = {SYSTEMD_UNIT, "ActiveEnterTimestampMonotonic", 't'},
	[UNIT_PROPERTY_RESULT] = {SYSTEMD_SERVICE, "Result", 's'},
	[UNIT_PROPERTY_EXIT] = {SYSTEMD_SERVICE, "ExecMainStatus", 'i'},
	[UNIT_PROPERTY_CHANGED] = {SYSTEMD_UNIT, "StateChangeTimestampMonotonic", 't'},
	[UNIT_PROPERTY_START_LIMIT] = {SYSTEMD_SERVICE, "TimeoutStartUSec", 't'},
	[UNIT_PROPERTY_STOP_LIMIT] = {SYSTEMD_SERVICE, "TimeoutStopUSec", 't'},
	[UNIT_PROPERTY_RESTART_DELAY] = {SYSTEMD_SERVICE, "RestartUSec", 't'},
	[UNIT_PROPERTY_CONFLICTED_BY] = {SYSTEMD_UNIT, "ConflictedBy", 'a'},
	[UNIT_PROPERTY_TRIGGERED_BY] = {SYSTEMD_UNIT, "TriggeredBy", 'a'},
};

static bool is_waiting_to_restart(const char *sub)
{
	return strncmp(sub, "auto-restart", 12) == 0; /* also auto-restart-queued */
}

bool unit_property_applies(enum unit_property property, const char *active, const char *sub)
{
	vigil_service_status status = unit_status(active);
	bool waits = is_waiting_to_restart(sub);

	switch (property) {
	case UNIT_PROPERTY_PID: return !vigil_service_is_down(status);
	case UNIT_PROPERTY_ENTERED: return status == VIGIL_SERVICE_RUNNING;
	case UNIT_PROPERTY_RESULT:
	case UNIT_PROPERTY_EXIT: return status == VIGIL_SERVICE_FAILED;
	case UNIT_PROPERTY_CHANGED:
		return status == VIGIL_SERVICE_STARTING || status == VIGIL_SERVICE_STOPPING ||
		       status == VIGIL_SERVICE_RELOADING;
	case UNIT_PROPERTY_START_LIMIT:
		return status == VIGIL_SERVICE_RELOADING ||
		       (status == VIGIL_SERVICE_STARTING && !waits);
	case UNIT_PROPERTY_STOP_LIMIT: return status == VIGIL_SERVICE_STOPPING;
	case UNIT_PROPERTY_RESTART_DELAY: return waits;
	case UNIT_PROPERTY_CONFLICTED_BY: return vigil_service_is_down(status);
	case UNIT_PROPERTY_TRIGGERED_BY: return status == VIGIL_SERVICE_STOPPED;
	default: return true;
	}
}

const char *unit_property_interface(enum unit_property property)
{
	return property_table[property].interface;
}

const char *unit_property_name(enum unit_property property)
{
	return property_table[property].name;
}

/* Reads a list of units that conflict with this one or start it.  systemd may load such a unit
 * later than this one, and then this list is the only sign of it. */
static int read_others(sd_bus_message *answer, struct unit_properties *properties)
{
	const char *name;
	int r = sd_bus_message_enter_container(answer, 'v', "as");

	if (r >= 0)
		r = sd_bus_message_enter_container(answer, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_read_basic(answer, 's', &name)) > 0)
		properties->others |= strcmp(name, UNIT_SHUTDOWN) != 0;
	return r;
}

int unit_property_read(
	enum unit_property property, sd_bus_message *answer, struct unit_properties *properties)
{
	const char type = property_table[property].type, types[] = {type, '\0'};
	union {
		const char *text;
		uint32_t number;
		int32_t exit;
		uint64_t time;
	} value = {0};
	int r;

	if (type == 'a')
		return read_others(answer, properties);
	r = sd_bus_message_enter_container(answer, 'v', types);
	if (r >= 0)
		r = sd_bus_message_read_basic(answer, type, &value);
	if (r < 0)
		return r;
	if (property == UNIT_PROPERTY_PID && value.number > INT_MAX)
		return -EBADMSG; /* not a valid pid */
	switch (property) {
	case UNIT_PROPERTY_PID: properties->pid = (pid_t)value.number; break;
	case UNIT_PROPERTY_RESPAWNS: properties->respawns = value.number; break;
	case UNIT_PROPERTY_RESULT:
		snprintf(properties->result, sizeof(properties->result), "%s", value.text);
		break;
	case UNIT_PROPERTY_ENTERED: properties->entered = value.time; break;
	case UNIT_PROPERTY_EXIT: properties->exit = value.exit; break;
	case UNIT_PROPERTY_CHANGED: properties->changed = value.time; break;
	default: properties->limit = value.time;
	}
	return 0;
}

/* --- the verdict ------------------------------------------------------------------------------ */

/* Whether the unit is down but will be started: during a restart, or at boot. */
static bool start_is_pending(const struct unit_row *row)
{
	return vigil_service_is_down(unit_status(row->active)) &&
	       (strcmp(row->job, "start") == 0 || strcmp(row->job, "restart") == 0);
}

/* Whether the unit ended only after systemd had stopped it.  Then a signal, an exit status such as
 * 143 or a timeout is not a failure of the service.  A unit with a limited run time
 * (RuntimeMaxSec=) is excluded, because systemd itself stops it when the time is over. */
static bool was_stopped(const struct unit_properties *properties)
{
	static const char *const ends[] = {"exit-code", "signal", "core-dump", "timeout"};
	bool ended = false;

	for (size_t i = 0; i < COUNT(ends); i++)
		ended |= strcmp(properties->result, ends[i]) == 0;
	return ended && properties->run_limit == UINT64_MAX &&
	       properties->left > properties->started && properties->ended > properties->left;
}

static enum evidence_word word_of(
	const struct unit_row *row, const struct unit_properties *properties)
{
	static const enum evidence_word words[] = {
		[VIGIL_SERVICE_UNKNOWN] = WORD_NONE,
		[VIGIL_SERVICE_RUNNING] = WORD_UP,
		[VIGIL_SERVICE_STOPPED] = WORD_DOWN,
		[VIGIL_SERVICE_FAILED] = WORD_FAILED,
		[VIGIL_SERVICE_STARTING] = WORD_STARTING,
		[VIGIL_SERVICE_STOPPING] = WORD_STOPPING,
		[VIGIL_SERVICE_RELOADING] = WORD_RELOADING,
	};
	bool masked = strcmp(row->load, "masked") == 0;

	if (masked && vigil_service_is_down(unit_status(row->active)))
		return WORD_DOWN; /* an admin masked it, so an earlier failure does not matter */
	if (unit_status(row->active) == VIGIL_SERVICE_FAILED && was_stopped(properties))
		return WORD_DOWN;
	return start_is_pending(row) ? WORD_STARTING : words[unit_status(row->active)];
}

void unit_format_result(const char *result, int32_t status, char *text, size_t size)
{
	const char *word = exit_status_word(status);
	char signal[SIGNAL_NAME];

	if (status <= 0)
		snprintf(text, size, "%s", result);
	else if (strcmp(result, "exit-code") == 0)
		snprintf(text, size, "exit status %d%s%s", (int)status, word != NULL ? "/" : "",
			word != NULL ? word : "");
	else if (strcmp(result, "signal") == 0)
		snprintf(text, size, "killed by %s", signal_name(status, signal));
	else if (strcmp(result, "core-dump") == 0)
		snprintf(text, size, "killed by %s, core dumped", signal_name(status, signal));
	else if (strcmp(result, "oom-kill") == 0)
		snprintf(text, size, "killed by the OOM killer");
	else
		snprintf(text, size, "%s", result);
}

static void format_said(
	const struct unit_row *row, const struct unit_properties *properties, char said[UNIT_SAID])
{
	char result[64];

	said[0] = '\0';
	unit_format_result(properties->result, properties->exit, result, sizeof(result));
	if (strcmp(row->load, "masked") == 0)
		snprintf(said, UNIT_SAID, "masked");
	else if (strcmp(row->load, "loaded") != 0)
		snprintf(said, UNIT_SAID, "its unit file is %s", row->load);
	else if (start_is_pending(row))
		snprintf(said, UNIT_SAID, "a %s job is pending", row->job);
	else if (properties->result[0] != '\0')
		snprintf(said, UNIT_SAID, "%s%s",
			was_stopped(properties) ? "stopped, and then " : "", result);
	else if (unit_status(row->active) != VIGIL_SERVICE_RUNNING)
		snprintf(said, UNIT_SAID, "%s", row->sub);
}

/* Sets for how long the unit has been starting, stopping or reloading, and how long systemd allows
 * that.  The unit does not know a limit for a pending job, which waits for other units. */
static void take_work(const struct unit_row *row, const struct unit_properties *properties,
	struct manager_reply *reply)
{
	double now = clock_seconds(CLOCK_MONOTONIC);

	if (start_is_pending(row)) {
		reply->busy_limit = INFINITY;
		return;
	}
	if (properties->changed == 0)
		return;
	reply->busy = fmax(0, now - (double)properties->changed / 1e6);
	reply->busy_limit =
		properties->limit == UINT64_MAX ? INFINITY : (double)properties->limit / 1e6;
	/* systemd ends a start or stop that exceeds the limit.  So a unit that exceeds it has asked
	 * for more time (EXTEND_TIMEOUT_USEC), or has several steps with one limit each. */
	reply->busy_limit = fmax(reply->busy_limit, reply->busy + 1);
}

void unit_take(const struct unit_row *row, const struct unit_properties *properties,
	struct evidence *e, char said[UNIT_SAID], struct manager_reply *reply)
{
	format_said(row, properties, said);
	e->said = said;
	e->word = word_of(row, properties);
	e->basis = unit_row_is_exited(row) ? BASIS_RECORD : BASIS_WATCHED;
	e->hold = strcmp(row->load, "masked") == 0 ? "the unit is masked" : NULL;
	if (properties->pid > 0) {
		e->process = PROCESS_ALIVE;
		e->pid = properties->pid;
		e->named_by = "systemd";
	}
	snprintf(reply->unit, sizeof(reply->unit), "%s", row->name != NULL ? row->name : "");
	snprintf(reply->load, sizeof(reply->load), "%s", row->load);
	snprintf(reply->active, sizeof(reply->active), "%s", row->active);
	snprintf(reply->sub, sizeof(reply->sub), "%s", row->sub);
	snprintf(reply->job, sizeof(reply->job), "%s", row->job);
	reply->main_pid = properties->pid;
	reply->respawns = properties->respawns;
	reply->run = properties->entered;
	reply->counts = true;
	reply->start_limit = strcmp(properties->result, "start-limit-hit") == 0;
	take_work(row, properties, reply);
}

void unit_evaluate(const struct unit_row *row, const struct unit_properties *properties,
	struct manager_reply *reply)
{
	struct evidence e = {.witness = "systemd", .named_by = "", .runner_verb = ""};
	char said[UNIT_SAID];

	if (unit_row_is_absent(row)) {
		reply->status = VIGIL_SERVICE_ABSENT;
		return;
	}
	unit_take(row, properties, &e, said, reply);
	manager_evaluate(reply, &e);
}

void unit_fault(struct manager_reply *reply, int r, const sd_bus_error *error)
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
		{SD_BUS_ERROR_FAILED, -EIO, VIGIL_FAULT_FAILED}, /* sd-bus maps it to EACCES */
		{SYSTEMD ".NoSuchUnit", -ENOENT, VIGIL_FAULT_ABSENT},
		{SYSTEMD ".UnitMasked", -EPERM, VIGIL_FAULT_REFUSED},
		{SYSTEMD ".TransactionIsDestructive", -EBUSY, VIGIL_FAULT_REFUSED},
		{SYSTEMD ".ShuttingDown", -ESHUTDOWN, VIGIL_FAULT_REFUSED},
	};
	const char *text = error->message ? error->message : strerror(-r);
	vigil_service_fault fault = VIGIL_FAULT_FAILED;
	size_t i;

	if (r == -EACCES || r == -EPERM)
		fault = VIGIL_FAULT_DENIED;
	else if (r == -ETIMEDOUT)
		fault = VIGIL_FAULT_TIMEOUT;
	for (i = 0; i < COUNT(known); i++)
		if (sd_bus_error_has_name(error, known[i].name)) {
			r = known[i].error;
			fault = known[i].fault;
		}
	if (fault == VIGIL_FAULT_TIMEOUT)
		manager_fault(reply, r, fault, "systemd did not answer within the deadline");
	else
		manager_fault(reply, r, fault, "%s", text);
}
