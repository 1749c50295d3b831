/*
 * systemd_unit: what systemd's words about a unit mean.
 *
 * A unit is told of in two steps: a row of ListUnitsByNames, by far the cheapest question that
 * systemd knows, and one to three properties that the row leaves out.  Whoever asks, a worker
 * that waits for each answer or the loop that never waits, reads the answers here, so that both
 * come to the same verdict.
 *
 * Nothing here talks to anybody.
 */
#include "service/systemd_unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

bool systemd_unit_name(const char *name, char unit[SYSTEMD_NAME])
{
	static const char *const others[] = {".socket", ".target", ".timer", ".path", ".mount",
		".automount", ".swap", ".slice", ".scope", ".device"};
	const char *dot = strrchr(name, '.');
	bool whole = dot && strcmp(dot, ".service") == 0;
	size_t i;

	for (i = 0; dot && i < COUNT(others); i++)
		if (strcmp(dot, others[i]) == 0)
			return false;
	return snprintf(unit, SYSTEMD_NAME, "%s%s", name, whole ? "" : ".service") < SYSTEMD_NAME;
}

/* --- the row ---------------------------------------------------------------------------------- */

int systemd_rows_enter(sd_bus_message *answer)
{
	return sd_bus_message_enter_container(answer, 'a', "(ssssssouso)");
}

int systemd_row_read(sd_bus_message *answer, struct systemd_row *row)
{
	return sd_bus_message_read(answer, "(ssssssouso)", &row->name, NULL, &row->load,
		&row->active, &row->sub, NULL, &row->path, NULL, &row->job, NULL);
}

bool systemd_row_is_named(const struct systemd_row *row, const char *unit)
{
	return strcmp(row->name, unit) == 0;
}

bool systemd_row_is_absent(const struct systemd_row *row)
{
	return strcmp(row->load, "not-found") == 0 &&
	       vigil_service_is_down(systemd_status(row->active));
}

vigil_service_status systemd_status(const char *active)
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

	for (i = 0; i < COUNT(words); i++)
		if (strcmp(active, words[i].word) == 0)
			return words[i].status;
	return VIGIL_SERVICE_UNKNOWN;
}

/* --- the details ------------------------------------------------------------------------------ */

static const struct {
	const char *property;
	char type;
} details_table[SYSTEMD_DETAILS] = {
	[SYSTEMD_DETAIL_PID] = {"MainPID", 'u'},
	[SYSTEMD_DETAIL_RESPAWNS] = {"NRestarts", 'u'},
	[SYSTEMD_DETAIL_RESULT] = {"Result", 's'},
};

bool systemd_detail_applies(enum systemd_detail detail, const char *active)
{
	switch (detail) {
	case SYSTEMD_DETAIL_PID: return !vigil_service_is_down(systemd_status(active));
	case SYSTEMD_DETAIL_RESULT: return strcmp(active, "failed") == 0;
	default: return true;
	}
}

const char *systemd_detail_property(enum systemd_detail detail)
{
	return details_table[detail].property;
}

int systemd_detail_read(
	enum systemd_detail detail, sd_bus_message *answer, struct systemd_details *details)
{
	const char type = details_table[detail].type, types[] = {type, '\0'};
	const char *text = "";
	uint32_t number = 0;
	int r = sd_bus_message_enter_container(answer, 'v', types);

	if (r >= 0)
		r = sd_bus_message_read_basic(
			answer, type, type == 's' ? (void *)&text : (void *)&number);
	if (r < 0)
		return r;
	if (detail == SYSTEMD_DETAIL_PID)
		details->pid = (pid_t)number;
	else if (detail == SYSTEMD_DETAIL_RESPAWNS)
		details->respawns = number;
	else
		snprintf(details->result, sizeof(details->result), "%s", text);
	return 0;
}

/* --- the verdict ------------------------------------------------------------------------------ */

/* It is down, but about to be started: in the middle of a restart, or at boot. */
static bool start_is_pending(const struct systemd_row *row)
{
	return vigil_service_is_down(systemd_status(row->active)) &&
	       (strcmp(row->job, "start") == 0 || strcmp(row->job, "restart") == 0);
}

void systemd_judge(const struct systemd_row *row, const struct systemd_details *details,
	struct manager_reply *reply)
{
	if (systemd_row_is_absent(row)) {
		reply->status = VIGIL_SERVICE_ABSENT;
		return;
	}
	reply->status = systemd_status(row->active);
	reply->masked = strcmp(row->load, "masked") == 0;
	reply->pid = details->pid;
	reply->respawns = details->respawns;
	reply->start_limit = strcmp(details->result, "start-limit-hit") == 0;
	if (reply->masked) {
		if (vigil_service_is_down(reply->status))
			reply->status = VIGIL_SERVICE_STOPPED; /* as somebody wished */
		snprintf(reply->text, sizeof(reply->text), "masked");
	} else if (strcmp(row->load, "loaded") != 0) {
		snprintf(reply->text, sizeof(reply->text), "its unit file is %s", row->load);
	} else if (start_is_pending(row)) {
		reply->status = VIGIL_SERVICE_STARTING;
		snprintf(reply->text, sizeof(reply->text), "a %s job is pending", row->job);
	} else if (*details->result) {
		snprintf(reply->text, sizeof(reply->text), "%s", details->result);
	} else if (reply->status != VIGIL_SERVICE_RUNNING) {
		snprintf(reply->text, sizeof(reply->text), "%s", row->sub);
	}
}

void systemd_fault(struct manager_reply *reply, int r, const sd_bus_error *error)
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
		{SD_BUS_ERROR_FAILED, -EIO, VIGIL_FAULT_FAILED}, /* sd-bus has it EACCES */
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
