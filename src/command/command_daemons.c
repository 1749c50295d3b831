/*
 * command_daemons: the verbs about daemons: status, explain, run, restart, pause and resume.
 */
#include "command/command_handlers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "base/text.h"
#include "command/reply_stream.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "host/pause.h"
#include "state/state.h"

static void fail_unknown(struct host *host, const char *name, struct command_reply *reply)
{
	struct vigil_daemon *d;
	struct text_suggest suggest;

	text_suggest_init(&suggest, name);
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++)
		text_suggest_add(&suggest, daemon_name(d));
	if (text_suggest_get(&suggest) != NULL)
		command_fail(reply, COMMAND_NOT_FOUND,
			"no such daemon \"%.64s\"; did you mean \"%s\"?", name,
			text_suggest_get(&suggest));
	else
		command_fail(reply, COMMAND_NOT_FOUND, "no such daemon \"%.64s\"", name);
}

/* The daemon that params name.  NULL: the reply has the error. */
static struct vigil_daemon *named(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *name = command_text(params, "name");
	struct vigil_daemon *d = host_find(host, name);

	if (d == NULL)
		fail_unknown(host, name, reply);
	return d;
}

static json_t *status_row(struct vigil_daemon *d)
{
	static const char *const keys[] = {"module", "status", "since", "ticks", "missed",
		"last_tick", "errors", "health", "paused", "paused_until", "paused_reason",
		"paused_by"};
	json_t *account = daemon_account(d);
	json_t *row = json_pack("{s:s}", "name", daemon_name(d));

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		json_object_set(row, keys[i], json_object_get(account, keys[i]));
	json_object_set_new(row, "reason", json_string(daemon_reason(d)));
	json_decref(account);
	return row;
}

/* A row for a reason why vigild is degraded.  No daemon can have the name "(vigild)". */
static json_t *degraded_row(const struct degraded_reason *reason)
{
	char since[CLOCK_TEXT];

	clock_text_at(since, reason->since);
	return json_pack("{s:s,s:s,s:s,s:s,s:{s:s,s:s,s:s}}", "name", "(vigild)", "module",
		reason->what, "status", "degraded", "since", since, "health", "level", "WARNING",
		"text", reason->text, "since", since);
}

static json_t *tell_status(struct host *host, const char *name)
{
	return status_row(host_find(host, name));
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

static json_t *tell_degraded(struct host *host, const char *name)
{
	return degraded_row(degraded_get(degraded_of(name)));
}

void command_status(struct host *host, json_t *params, struct command_reply *reply)
{
	static const struct section sections[] = {
		{"[", reply_stream_next_daemon, tell_status, false, ""},
		{NULL, next_degraded, tell_degraded, false, "]"}, {.next = NULL}};
	struct vigil_daemon *d;

	if (command_text(params, "name") == NULL) {
		reply_stream_answer(host, sections, reply);
		return;
	}
	d = named(host, params, reply);
	if (d != NULL)
		reply->result = json_pack("[o]", status_row(d));
}

void command_explain(struct host *host, json_t *params, struct command_reply *reply)
{
	struct vigil_daemon *d = named(host, params, reply);
	char pointer[POINTER_MAX] = "/daemons";
	json_t *state;

	if (d == NULL || json_pointer_append(pointer, sizeof(pointer), daemon_name(d)) != 0)
		return;
	state = state_get(host_state(host), pointer);
	reply->result = json_pack("{s:s,s:o,s:o}", "name", daemon_name(d), "run",
		host_run_status(host, d), "state", state != NULL ? state : json_object());
}

void command_tick(struct host *host, json_t *params, struct command_reply *reply)
{
	struct vigil_daemon *d = named(host, params, reply);
	int err;

	if (d == NULL)
		return;
	err = daemon_tick_now(d);
	if (err == 0)
		reply->result = json_pack("{s:s}", "ticked", daemon_name(d));
	else if (err == -ESRCH)
		command_fail(reply, COMMAND_REFUSED, "%s is %s", daemon_name(d),
			daemon_status_name(daemon_status(d)));
	else
		command_fail(reply, COMMAND_REFUSED, "%s has no periodic timer", daemon_name(d));
}

void command_restart(struct host *host, json_t *params, struct command_reply *reply)
{
	struct vigil_daemon *d = named(host, params, reply);
	int err;

	if (d == NULL)
		return;
	err = daemon_verb(d, "restart");
	if (err == 0)
		reply->result = json_pack("{s:s}", "restarting", daemon_name(d));
	else if (err == -ENOSYS)
		command_fail(reply, COMMAND_REFUSED, "%s is %s and has no service to restart",
			daemon_name(d), daemon_status_name(daemon_status(d)));
	else if (err == -EALREADY)
		command_fail(reply, COMMAND_REFUSED, "%s: a restart is under way", daemon_name(d));
	else
		command_fail(reply, COMMAND_REFUSED, "%s: %s", daemon_name(d), strerror(-err));
}

/* --- maintenance ------------------------------------------------------------------------------ */

static bool matches(const char *name, json_t *globs, bool all)
{
	size_t index;
	json_t *glob;

	if (all)
		return true;
	json_array_foreach(globs, index, glob)
		if (json_is_string(glob) && text_glob(json_string_value(glob), name))
			return true;
	return false;
}

/* Checks that each name or glob matches a daemon.  False: one does not, and the reply has the
 * error. */
static bool check_globs(struct host *host, json_t *globs, struct command_reply *reply)
{
	struct vigil_daemon *d;
	size_t index;
	json_t *glob;
	bool found;

	json_array_foreach(globs, index, glob) {
		const char *text = json_string_value(glob);

		found = false;
		for (size_t i = 0; text != NULL && (d = host_daemon(host, i)) != NULL; i++)
			found = found || text_glob(text, daemon_name(d));
		if (!found) {
			fail_unknown(host, text != NULL ? text : "", reply);
			return false;
		}
	}
	return true;
}

/* The client's user as a uid, because looking up the name could block the loop. */
static const char *asked_by(const struct command_reply *reply, char by[32])
{
	by[0] = '\0';
	if (reply->peer != NULL && reply->peer->uid == 0)
		snprintf(by, 32, "root");
	else if (reply->peer != NULL)
		snprintf(by, 32, "uid %lu", (unsigned long)reply->peer->uid);
	return by;
}

static void pause_or_resume(
	struct host *host, json_t *params, double seconds, bool begin, struct command_reply *reply)
{
	bool all = json_is_true(json_object_get(params, "all"));
	json_t *globs = json_object_get(params, "names"), *names;
	const char *reason = command_text(params, "reason");
	struct vigil_daemon *d;
	char by[32];

	if (all == (json_array_size(globs) > 0)) {
		command_fail(reply, COMMAND_PARAMS, "name at least one daemon, or use --all");
		return;
	}
	if (!check_globs(host, globs, reply))
		return;
	names = json_array();
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++) {
		if (!matches(daemon_name(d), globs, all))
			continue;
		if (begin)
			pause_start(host_pauses(host), d, seconds, reason != NULL ? reason : "",
				asked_by(reply, by));
		else
			pause_stop(host_pauses(host), d);
		json_array_append_new(names, json_string(daemon_name(d)));
	}
	reply->result = json_pack("{s:o}", begin ? "paused" : "resumed", names);
}

void command_pause(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *length = command_text(params, "for");
	double seconds = 0;

	if (length != NULL && (text_duration(length, &seconds) != 0 || seconds <= 0)) {
		command_fail(reply, COMMAND_PARAMS,
			"invalid duration \"%.32s\"; write it like 30m or 2h", length);
		return;
	}
	pause_or_resume(host, params, seconds, true, reply);
}

void command_resume(struct host *host, json_t *params, struct command_reply *reply)
{
	size_t index;
	json_t *name;

	pause_or_resume(host, params, 0, false, reply);
	json_array_foreach(json_object_get(reply->result, "resumed"), index, name)
		host_release(host, json_string_value(name));
}
