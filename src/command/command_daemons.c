/*
 * command_daemons: the verbs about daemons: explain, run, pause and resume.
 */
#include "command/command_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/text.h"
#include "base/time_text.h"
#include "command/command_answer.h"
#include "command/daemon_names.h"
#include "command/reply_stream.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "host/pause.h"
#include "persist/event_log.h"
#include "state/state.h"

/* So many daemons of a pattern have their stored events read: each takes some milliseconds. */
#define SINCE_MAX 20

/* since: NULL: only the last events, which are at /runs/NAME of the daemon. */
static json_t *explanation(struct host *host, struct vigil_daemon *d, const struct timespec *since)
{
	char pointer[POINTER_MAX] = "/daemons", time[CLOCK_TEXT];
	json_t *state = NULL, *result;

	if (json_pointer_append(pointer, sizeof(pointer), daemon_name(d)) == 0)
		state = state_get(host_state(host), pointer);
	result = json_pack("{s:s,s:o,s:o}", "name", daemon_name(d), "run", host_run_status(host, d),
		"state", state != NULL ? state : json_object());
	if (since != NULL)
		json_object_set_new(result, "events",
			event_log_read(host_event_log(host), daemon_name(d),
				clock_text_at(time, *since), 0));
	return result;
}

/* Reads the parameter `since`.  False: it is invalid, and the reply has the error. */
static bool read_since(json_t *params, struct timespec *since, struct command_reply *reply)
{
	const char *text = command_text(params, "since");
	double seconds = text != NULL ? time_text_parse(text) : 0;

	if (seconds >= 0 && seconds <= CLOCK_TEXT_LAST) {
		*since = (struct timespec){.tv_sec = clock_to_time(seconds)};
		return true;
	}
	command_fail(reply, COMMAND_PARAMS,
		"invalid time \"%.32s\"; write it like 2h, 13:34, 2026-01-31 or "
		"\"2026-01-31 13:34\"",
		text);
	return false;
}

static json_t *explained(struct host *host, const char *name)
{
	return explanation(host, host_find(host, name), NULL);
}

/* Explains the daemons of a pattern with their stored events since that time. */
static void explain_since(struct host *host, const char *pattern, const struct timespec *since,
	struct command_reply *reply)
{
	size_t count = daemon_names_count(host, pattern);
	struct vigil_daemon *d;

	if (count == 0) {
		daemon_names_fail(host, pattern, reply);
		return;
	}
	if (count > SINCE_MAX) {
		command_fail(reply, COMMAND_PARAMS,
			"\"%.64s\" names more than %d daemons, too many to read "
			"their events; use a pattern of fewer daemons, or leave out --since",
			pattern, SINCE_MAX);
		return;
	}
	reply->result = json_array();
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++)
		if (daemon_names_match(host, d, pattern))
			json_array_append_new(reply->result, explanation(host, d, since));
}

/* The result for one daemon is its explanation, and for a pattern an array of them. */
void command_explain(struct host *host, json_t *params, struct command_reply *reply)
{
	static const struct section rows[] = {
		{"[", reply_stream_next_daemon, explained, false, "]"}, {.next = NULL}};
	const char *name = command_text(params, "name");
	const struct timespec *since = NULL;
	struct timespec given;
	struct vigil_daemon *d;

	if (!read_since(params, &given, reply))
		return;
	if (command_text(params, "since") != NULL)
		since = &given;
	if (!daemon_names_is_pattern(name)) {
		d = daemon_names_find(host, name, reply);
		if (d != NULL)
			reply->result = explanation(host, d, since);
		return;
	}
	if (since != NULL)
		explain_since(host, name, since, reply);
	else
		command_answer_for(host, rows, name, reply);
}

/* Runs a tick of one daemon.  False: it has none, and the reply has the error. */
static bool tick(struct vigil_daemon *d, struct command_reply *reply)
{
	int err = daemon_tick_now(d);

	if (err == -ESRCH)
		command_fail(reply, COMMAND_REFUSED, "%s is %s", daemon_name(d),
			daemon_status_name(daemon_status(d)));
	else if (err != 0)
		command_fail(reply, COMMAND_REFUSED, "%s has no periodic timer", daemon_name(d));
	return err == 0;
}

static void tick_matching(struct host *host, const char *pattern, struct command_reply *reply)
{
	json_t *ticked = json_array();
	struct vigil_daemon *d;

	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++)
		if (daemon_names_match(host, d, pattern) && daemon_tick_now(d) == 0)
			json_array_append_new(ticked, json_string(daemon_name(d)));
	if (json_array_size(ticked) > 0)
		reply->result = json_pack("{s:O}", "ticked", ticked);
	else
		daemon_names_fail(host, pattern, reply);
	json_decref(ticked);
}

void command_tick(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *name = command_text(params, "name");
	struct vigil_daemon *d;

	if (daemon_names_is_pattern(name)) {
		tick_matching(host, name, reply);
	} else {
		d = daemon_names_find(host, name, reply);
		if (d != NULL && tick(d, reply))
			reply->result = json_pack("{s:[s]}", "ticked", daemon_name(d));
	}
	command_settle(host, reply);
}

/* --- maintenance ------------------------------------------------------------------------------ */

static void pause_or_resume(
	struct host *host, json_t *params, double seconds, bool begin, struct command_reply *reply)
{
	bool all = json_is_true(json_object_get(params, "all")), *chosen = NULL;
	json_t *globs = json_object_get(params, "names"), *names;
	const char *reason = command_text(params, "reason");
	struct vigil_daemon *d;
	char by[32];

	if (all == (json_array_size(globs) > 0)) {
		command_fail(reply, COMMAND_PARAMS, "name at least one daemon, or use --all");
		return;
	}
	if (!all)
		chosen = daemon_names_choose(host, globs, reply);
	if (!all && chosen == NULL)
		return;
	names = json_array();
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++) {
		if (!all && !chosen[i])
			continue;
		if (begin)
			pause_start(host_pauses(host), d, seconds, reason != NULL ? reason : "",
				command_client(reply, by));
		else if (!pause_stop(host_pauses(host), d) && !host_is_quarantined(host, d))
			continue;
		json_array_append_new(names, json_string(daemon_name(d)));
	}
	free(chosen);
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

/* A reload opens the modules that are no longer in quarantine.  The log has its result.  resumed:
 * the result of the verb. */
static bool try_released(struct host *host, json_t *resumed, struct command_reply *reply)
{
	struct diagnostics diagnostics = {0};
	json_t *changes;
	int err = host_reload(host, &changes, &diagnostics);

	json_decref(changes);
	if (err == -EAGAIN)
		return false;
	if (err != 0)
		command_fail_diagnostics(&diagnostics,
			"the daemons are no longer quarantined, but the configuration was not "
			"reloaded; correct it and run vigilctl reload",
			reply);
	else
		reply->result = json_incref(resumed);
	diagnostics_clear(&diagnostics);
	return true;
}

void command_resume(struct host *host, json_t *params, struct command_reply *reply)
{
	json_t *resumed, *name;
	bool reload = false;
	size_t index;

	pause_or_resume(host, params, 0, false, reply);
	json_array_foreach(json_object_get(reply->result, "resumed"), index, name)
		if (host_release(host, json_string_value(name)))
			reload = true;
	if (!reload)
		return;
	resumed = reply->result;
	reply->result = NULL;
	command_try(host, resumed, try_released, reply);
	json_decref(resumed);
}
