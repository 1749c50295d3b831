/*
 * command_host: the verbs about the host: its state, its configuration and vigild itself.
 */
#include "command/command_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diagnostic.h"
#include "base/log.h"
#include "base/memory.h"
#include "command/command_answer.h"
#include "command/reply_stream.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "host/dropin.h"
#include "host/host.h"
#include "state/state.h"

/* --- the state -------------------------------------------------------------------------------- */

static json_t *render_state(struct host *host, const char *name)
{
	char pointer[POINTER_MAX] = "/daemons";

	if (json_pointer_append(pointer, sizeof(pointer), name) != 0)
		return NULL;
	return state_get(host_state(host), pointer);
}

static json_t *render_run(struct host *host, const char *name)
{
	return host_run_status(host, host_find(host, name));
}

static json_t *render_vigil(struct host *host, const char *name)
{
	return state_get(host_state(host), "/vigil");
}

/* The pointers whose value is a stream: the whole state, and all daemons below /daemons and
 * /runs. */
static const struct section whole_state[] = {
	{"{\"daemons\":{", reply_stream_next_daemon, render_state, true, "}"},
	{",\"runs\":{", reply_stream_next_daemon, render_run, true, "}"},
	{",\"vigil\":", reply_stream_once, render_vigil, false, "}"}, {.next = NULL}};
static const struct section all_daemons[] = {
	{"{", reply_stream_next_daemon, render_state, true, "}"}, {.next = NULL}};
static const struct section all_runs[] = {
	{"{", reply_stream_next_daemon, render_run, true, "}"}, {.next = NULL}};

static const struct {
	const char *pointer;
	const struct section *sections;
} long_reads[] = {{"", whole_state}, {"/daemons", all_daemons}, {"/runs", all_runs}};

static struct reply_stream *long_read(struct host *host, const char *pointer)
{
	for (size_t i = 0; i < sizeof(long_reads) / sizeof(*long_reads); i++)
		if (strcmp(pointer, long_reads[i].pointer) == 0)
			return reply_stream_new(host, long_reads[i].sections);
	return NULL;
}

void command_get(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *pointer = command_text(params, "pointer"), *error;

	if (pointer == NULL)
		pointer = "";
	error = json_pointer_error(pointer);
	if (error != NULL) {
		command_fail(reply, COMMAND_PARAMS, "\"%.128s\" is not a JSON Pointer: it %s",
			pointer, error);
		return;
	}
	reply->stream = reply->in_parts ? long_read(host, pointer) : NULL;
	if (reply->stream != NULL)
		return;
	reply->result = state_get(host_state(host), pointer);
	if (reply->result == NULL)
		command_fail(reply, COMMAND_NOT_FOUND, "no value at %.128s", pointer);
}

/* --- the configuration ------------------------------------------------------------------------ */

/* set: NULL: no values. */
static void list_values(json_t *options, const struct option_set *set, bool secrets)
{
	const struct option_value *value;
	const char *text;

	for (size_t i = 0; set != NULL && (value = option_set_given(set, i)) != NULL; i++) {
		text = value->text != NULL ? value->text : "";
		json_object_set_new(options, value->schema->name,
			json_string(secrets ? text : option_shown(value->schema, text)));
	}
}

/* Describes one daemon of the configuration.  Without secrets, options that no schema has checked
 * are masked, because only the schema says which options are secret. */
static json_t *list_row(struct host *host, const char *name, bool secrets)
{
	const struct config_daemon *cd = config_find(host_config(host), name);
	const struct vigil_daemon *d = host_find(host, name);
	json_t *options = json_object();

	for (size_t i = 0; i < cd->options.count; i++)
		json_object_set_new(options, cd->options.list[i].key,
			json_string(secrets ? cd->options.list[i].value : "***"));
	list_values(options, cd->checked, secrets);
	list_values(options, cd->host, secrets);
	return json_pack("{s:s,s:s,s:b,s:s,s:i,s:o,s:o*}", "name", cd->name, "module", cd->module,
		"enabled", cd->enabled, "file", cd->file, "line", cd->line, "options", options,
		"next_tick", d != NULL ? daemon_account_part(d, "/next_tick") : NULL);
}

static const char *next_listed(struct host *host, const char *name)
{
	const struct config_daemon *cd = config_after(host_config(host), name);

	return cd != NULL ? cd->name : NULL;
}

static json_t *render_listed(struct host *host, const char *name)
{
	return list_row(host, name, false);
}

static json_t *render_listed_with_secrets(struct host *host, const char *name)
{
	return list_row(host, name, true);
}

void command_list(struct host *host, json_t *params, struct command_reply *reply)
{
	static const struct section rows[] = {
		{"[", next_listed, render_listed, false, "]"}, {.next = NULL}};
	static const struct section all[] = {
		{"[", next_listed, render_listed_with_secrets, false, "]"}, {.next = NULL}};
	const struct peer *peer = reply->peer;
	bool may = peer != NULL && (peer->uid == 0 || peer->uid == geteuid());

	command_answer(host, may ? all : rows, reply);
}

void command_fail_diagnostics(
	struct diagnostics *diagnostics, const char *what, struct command_reply *reply)
{
	json_t *list = json_array();

	for (size_t i = 0; i < diagnostics->count; i++)
		json_array_append_new(list, json_string(diagnostics->list[i].text));
	command_fail(reply, COMMAND_REFUSED, "%s", what);
	reply->data = json_pack("{s:o}", "complaints", list);
	diagnostics_clear(diagnostics);
}

static bool try_reload(struct host *host, json_t *params, struct command_reply *reply)
{
	bool dry_run = json_is_true(json_object_get(params, "dry_run"));
	struct diagnostics diagnostics = {0};
	int err = dry_run ? host_dry_run(host, &reply->result, &diagnostics)
			  : host_reload(host, &reply->result, &diagnostics);

	if (err == -EAGAIN)
		return false;
	if (err != 0)
		command_fail_diagnostics(
			&diagnostics, "the configuration has errors; nothing was changed", reply);
	return true;
}

void command_reload(struct host *host, json_t *params, struct command_reply *reply)
{
	command_try(host, params, try_reload, reply);
}

/* Adds the notes that the reload has not reported already. */
static void add_notes(struct diagnostics *diagnostics, json_t *result)
{
	json_t *notes = json_incref(json_object_get(result, "notes")), *note;
	bool known;
	size_t index;

	if (result != NULL && notes == NULL && diagnostics->count > 0) {
		notes = json_array();
		json_object_set(result, "notes", notes);
	}
	for (size_t i = 0; notes != NULL && i < diagnostics->count; i++) {
		known = false;
		json_array_foreach(notes, index, note)
			known |= strcmp(json_string_value(note), diagnostics->list[i].text) == 0;
		if (!known)
			json_array_append_new(notes, json_string(diagnostics->list[i].text));
	}
	json_decref(notes);
	diagnostics_clear(diagnostics);
}

/* True: vigild stops and could not reload, so the reply has the error. */
static bool is_stopping(struct host *host, struct command_reply *reply)
{
	bool stopping = host_is_stopping(host);

	if (stopping)
		command_fail(reply, COMMAND_REFUSED, "vigild is stopping; nothing was changed");
	return stopping;
}

/* The drop-in file of this name was written or removed, as done says, and the modules have been
 * asked about it, so that the reload need not wait; if a file has changed since then, the reload is
 * left to the next one. */
static void reload_now(
	struct host *host, const char *name, const char *done, struct command_reply *reply)
{
	if (!try_reload(host, NULL, reply))
		command_fail(reply, COMMAND_BUSY,
			"conf.d/%.64s.conf was %s, but a module has changed meanwhile; "
			"run vigilctl reload",
			name, done);
	else if (reply->code != 0)
		command_fail(reply, COMMAND_REFUSED,
			"conf.d/%.64s.conf was %s, but the reload was refused; correct the errors "
			"and run vigilctl reload",
			name, done);
}

static bool try_register(struct host *host, json_t *params, struct command_reply *reply)
{
	json_t *pairs = json_object_get(params, "options"), *pair;
	const char *name = command_text(params, "name");
	struct diagnostics diagnostics = {0};
	size_t index;
	char **list;
	int err;

	if (is_stopping(host, reply))
		return true;
	list = memory_zero((json_array_size(pairs) + 1) * sizeof(*list));
	json_array_foreach(pairs, index, pair)
		list[index] = (char *)(json_is_string(pair) ? json_string_value(pair) : "");
	err = dropin_add(host_config(host)->file, name, list, &diagnostics);
	free(list);
	if (err == -EAGAIN)
		return false;
	if (err != 0)
		command_fail_diagnostics(
			&diagnostics, "the daemon was not registered; nothing was changed", reply);
	else
		reload_now(host, name, "written", reply);
	add_notes(&diagnostics, reply->result);
	return true;
}

void command_register(struct host *host, json_t *params, struct command_reply *reply)
{
	command_try(host, params, try_register, reply);
}

static bool try_unregister(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *name = command_text(params, "name");
	struct diagnostics diagnostics = {0};
	int err;

	if (is_stopping(host, reply))
		return true;
	err = dropin_remove(host_config(host)->file, name, &diagnostics);
	if (err == -EAGAIN)
		return false;
	if (err != 0)
		command_fail_diagnostics(&diagnostics, "nothing was changed", reply);
	else
		reload_now(host, name, "removed", reply);
	return true;
}

void command_unregister(struct host *host, json_t *params, struct command_reply *reply)
{
	command_try(host, params, try_unregister, reply);
}

/* --- the host --------------------------------------------------------------------------------- */

void command_log(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *word = command_text(params, "level");
	enum log_level level;

	if (log_level_parse(word, &level) != 0) {
		command_fail(reply, COMMAND_PARAMS,
			"invalid log level \"%.32s\"; use error, warning, notice, info or debug",
			word);
		return;
	}
	log_set_level(level);
	log_notice("the log level is now %s", word);
	reply->result = json_pack("{s:s}", "level", word);
}

/* The absolute path of the configuration file, for clients that know only the socket and want to
 * change files.  Symbolic links are not resolved, because conf.d is next to the name that vigild
 * was given. */
static char *config_path(struct host *host)
{
	const char *file = host_config(host)->file;
	char *directory = file[0] != '/' ? getcwd(NULL, 0) : NULL, *path = NULL;

	if (file[0] == '/')
		path = memory_text(file);
	else if (directory != NULL)
		path = memory_format("%s/%s", directory, file);
	free(directory);
	return path;
}

void command_version(struct host *host, json_t *params, struct command_reply *reply)
{
	char *config = config_path(host);

	reply->result = json_pack("{s:s,s:i,s:s*}", "version", PACKAGE_VERSION, "pid",
		(int)getpid(), "config", config);
	free(config);
}
