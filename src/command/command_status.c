/*
 * command_status: the verb status.
 *
 * A row describes a daemon or, under the name "(vigild)", a reason why vigild is degraded.  The
 * state of a row is that of the daemon's service.  The status of the daemon itself is there instead
 * if the daemon has no service, or does not run.
 */
#include "command/command_internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "command/command_answer.h"
#include "command/daemon_names.h"
#include "command/reply_stream.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "state/json_text.h"
#include "state/state.h"

/* A member of what the daemon keeps.  NULL: there is none.  A new reference. */
static json_t *member_of(struct host *host, const struct vigil_daemon *d, const char *member)
{
	char pointer[POINTER_MAX] = "/daemons";

	if (json_pointer_append(pointer, sizeof(pointer), daemon_name(d)) != 0 ||
		json_pointer_append(pointer, sizeof(pointer), member) != 0)
		return NULL;
	return state_get(host_state(host), pointer);
}

/* Adds state, since when it lasts, the service and its restarts.  total: the restarts of all
 * services of a daemon that has many; NULL: unknown. */
static void add_state(
	json_t *row, struct vigil_daemon *d, json_t *account, json_t *service, json_t *total)
{
	const char *name = daemon_service(d);
	json_t *status = json_object_get(account, "status");
	bool of_service = name != NULL && strcmp(json_text(account, "status"), "running") == 0;
	json_t *from = of_service ? service : account;
	json_t *state = of_service ? json_object_get(service, "value") : status, *restarts;

	json_object_set_new(row, "state", state != NULL ? json_incref(state) : json_null());
	json_object_set(row, "state_since", json_object_get(from, "since"));
	if (name == NULL) {
		if (json_is_integer(total))
			json_object_set(row, "restarts", total);
		return;
	}
	json_object_set_new(row, "service", json_string(name));
	restarts = json_object_get(service, "restarts");
	json_object_set_new(
		row, "restarts", restarts != NULL ? json_incref(restarts) : json_integer(0));
}

static json_t *status_row(struct host *host, struct vigil_daemon *d)
{
	static const char *const keys[] = {"module", "status", "since", "ticks", "missed",
		"last_tick", "next_tick", "errors", "health", "paused", "paused_until",
		"paused_reason", "paused_by"};
	json_t *account = daemon_account(d), *service = member_of(host, d, "service_state");
	json_t *total = member_of(host, d, "restarts");
	json_t *row = json_pack("{s:s}", "name", daemon_name(d));

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		json_object_set(row, keys[i], json_object_get(account, keys[i]));
	json_object_set_new(row, "reason", json_string(daemon_reason(d)));
	add_state(row, d, account, service, total);
	json_decref(total);
	json_decref(service);
	json_decref(account);
	return row;
}

/* No daemon can have the name "(vigild)". */
static json_t *degraded_row(const struct degraded_reason *reason)
{
	char since[CLOCK_TEXT];

	clock_text_at(since, reason->since);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:{s:s,s:s,s:s}}", "name", "(vigild)", "module",
		reason->what, "status", "degraded", "since", since, "state", "degraded",
		"state_since", since, "health", "level", "WARNING", "text", reason->text, "since",
		since);
}

/* --- all of them, as a stream ----------------------------------------------------------------- */

static json_t *daemon_section(struct host *host, const char *name)
{
	return status_row(host, host_find(host, name));
}

/* DEGRADED_KINDS: no such reason is set any more. */
static enum degraded degraded_of(const char *name)
{
	enum degraded what = 0;

	while (what < DEGRADED_KINDS &&
		(degraded_get(what) == NULL || strcmp(degraded_get(what)->what, name) != 0))
		what++;
	return what;
}

static const char *next_degraded(struct host *host, const char *name)
{
	enum degraded what = name[0] != '\0' ? degraded_of(name) + 1 : 0;

	while (what < DEGRADED_KINDS && degraded_get(what) == NULL)
		what++;
	return what < DEGRADED_KINDS ? degraded_get(what)->what : NULL;
}

static json_t *degraded_section(struct host *host, const char *name)
{
	return degraded_row(degraded_get(degraded_of(name)));
}

void command_status(struct host *host, json_t *params, struct command_reply *reply)
{
	static const struct section sections[] = {
		{"[", reply_stream_next_daemon, daemon_section, false, ""},
		{NULL, next_degraded, degraded_section, false, "]"}, {.next = NULL}};
	static const struct section rows[] = {
		{"[", reply_stream_next_daemon, daemon_section, false, "]"}, {.next = NULL}};
	const char *name = command_text(params, "name");

	if (name == NULL)
		command_answer(host, sections, reply);
	else
		command_answer_for(host, rows, name, reply);
}
