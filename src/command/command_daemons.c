/*
 * command_daemons: the verbs about daemons: explain, run, restart, pause and resume.
 */
#include "command/command_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "command/daemon_names.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "host/pause.h"
#include "state/state.h"

/* The daemon that params name.  NULL: the reply has the error. */
static struct vigil_daemon *named(struct host *host, json_t *params, struct command_reply *reply)
{
	return daemon_names_find(host, command_text(params, "name"), reply);
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

static bool matches(struct host *host, const struct vigil_daemon *d, json_t *globs, bool all)
{
	size_t index;
	json_t *glob;

	if (all)
		return true;
	json_array_foreach(globs, index, glob)
		if (json_is_string(glob) && daemon_names_match(host, d, json_string_value(glob)))
			return true;
	return false;
}

/* Checks that each name or glob matches a daemon or its service.  False: one does not, and the
 * reply has the error. */
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
			found = found || daemon_names_match(host, d, text);
		if (!found) {
			daemon_names_fail(host, text != NULL ? text : "", reply);
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
		if (!matches(host, d, globs, all))
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
