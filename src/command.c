/*
 * command: one table of verbs, for every door.
 *
 * A row holds all that is to be known of a verb; the handlers below it can count on access and
 * parameters having been checked.  A handler only reads the host and asks it; what takes long
 * is not done here.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "complaint.h"
#include "config.h"
#include "daemon.h"
#include "host.h"
#include "log.h"
#include "module.h"
#include "option.h"
#include "pause.h"
#include "state.h"
#include "text.h"

static void fail(struct command_reply *reply, enum command_error code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(struct command_reply *reply, enum command_error code, const char *format, ...)
{
	va_list ap;

	reply->code = code;
	va_start(ap, format);
	vsnprintf(reply->message, sizeof(reply->message), format, ap);
	va_end(ap);
}

static const char *param(json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}

/* --- daemons ------------------------------------------------------------------------------------- */

static void fail_unknown(struct host *host, const char *name, struct command_reply *reply)
{
	struct vigil_daemon *d;
	struct text_suggest suggest;

	text_suggest_init(&suggest, name);
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++)
		text_suggest_add(&suggest, daemon_name(d));
	if (text_suggest_get(&suggest) != NULL)
		fail(reply, COMMAND_NOT_FOUND, "there is no daemon \"%.64s\"; did you mean \"%s\"?",
			name, text_suggest_get(&suggest));
	else
		fail(reply, COMMAND_NOT_FOUND, "there is no daemon \"%.64s\" running", name);
}

/* The daemon that params name; NULL with the reply failed. */
static struct vigil_daemon *named(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *name = param(params, "name");
	struct vigil_daemon *d = host_find(host, name);

	if (d == NULL)
		fail_unknown(host, name, reply);
	return d;
}

static json_t *status_row(struct vigil_daemon *d)
{
	static const char *const keys[] = {"module", "status", "since", "ticks", "missed",
		"last_tick", "errors", "health", "paused", "paused_until", "paused_reason"};
	json_t *account = daemon_account(d);
	json_t *row = json_pack("{s:s}", "name", daemon_name(d));

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		json_object_set(row, keys[i], json_object_get(account, keys[i]));
	json_object_set_new(row, "reason", json_string(daemon_reason(d)));
	json_decref(account);
	return row;
}

static void run_status(struct host *host, json_t *params, struct command_reply *reply)
{
	struct vigil_daemon *d;
	json_t *rows;

	if (param(params, "name") != NULL) {
		d = named(host, params, reply);
		if (d != NULL)
			reply->result = json_pack("[o]", status_row(d));
		return;
	}
	rows = json_array();
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++)
		json_array_append_new(rows, status_row(d));
	reply->result = rows;
}

static void run_explain(struct host *host, json_t *params, struct command_reply *reply)
{
	struct vigil_daemon *d = named(host, params, reply);
	char pointer[POINTER_MAX] = "/daemons";
	json_t *state;

	if (d == NULL || pointer_append(pointer, sizeof(pointer), daemon_name(d)) != 0)
		return;
	state = state_get(host_state(host), pointer);
	reply->result = json_pack("{s:s,s:o,s:o}", "name", daemon_name(d), "run", daemon_account(d),
		"state", state != NULL ? state : json_object());
}

static void run_run(struct host *host, json_t *params, struct command_reply *reply)
{
	struct vigil_daemon *d = named(host, params, reply);
	int err;

	if (d == NULL)
		return;
	err = daemon_tick_now(d);
	if (err == 0)
		reply->result = json_pack("{s:s}", "ticked", daemon_name(d));
	else if (err == -ESRCH)
		fail(reply, COMMAND_REFUSED, "%s is %s", daemon_name(d),
			daemon_status_name(daemon_status(d)));
	else
		fail(reply, COMMAND_REFUSED, "%s has no periodic timer", daemon_name(d));
}

static void run_restart(struct host *host, json_t *params, struct command_reply *reply)
{
	struct vigil_daemon *d = named(host, params, reply);
	int err;

	if (d == NULL)
		return;
	err = daemon_verb(d, "restart");
	if (err == 0)
		reply->result = json_pack("{s:s}", "restarting", daemon_name(d));
	else if (err == -ENOSYS)
		fail(reply, COMMAND_REFUSED, "%s is %s and has no service to restart",
			daemon_name(d), daemon_status_name(daemon_status(d)));
	else if (err == -EALREADY)
		fail(reply, COMMAND_REFUSED, "%s: a restart is under way", daemon_name(d));
	else
		fail(reply, COMMAND_REFUSED, "%s: %s", daemon_name(d), strerror(-err));
}

/* --- maintenance ------------------------------------------------------------------------------ */

static bool matches(const char *name, json_t *globs, bool all)
{
	size_t index;
	json_t *glob;

	if (all)
		return true;
	json_array_foreach(
		globs, index, glob) if (json_is_string(glob) &&
					text_glob(json_string_value(glob), name)) return true;
	return false;
}

/* Whether each name, or glob, is that of a daemon; the reply failed where one is not. */
static bool check_globs(struct host *host, json_t *globs, struct command_reply *reply)
{
	struct vigil_daemon *d;
	size_t index;
	json_t *glob;
	bool found;

	json_array_foreach(globs, index, glob)
	{
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

static void pause_or_resume(
	struct host *host, json_t *params, double seconds, bool begin, struct command_reply *reply)
{
	bool all = json_is_true(json_object_get(params, "all"));
	json_t *globs = json_object_get(params, "names"), *names;
	const char *reason = param(params, "reason");
	struct vigil_daemon *d;

	if (all == (json_array_size(globs) > 0)) {
		fail(reply, COMMAND_PARAMS, "name the daemons, or say --all");
		return;
	}
	if (!check_globs(host, globs, reply))
		return;
	names = json_array();
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++) {
		if (!matches(daemon_name(d), globs, all))
			continue;
		if (begin)
			pause_begin(host_pauses(host), d, seconds, reason != NULL ? reason : "");
		else
			pause_end(host_pauses(host), d);
		json_array_append_new(names, json_string(daemon_name(d)));
	}
	reply->result = json_pack("{s:o}", begin ? "paused" : "resumed", names);
}

static void run_pause(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *length = param(params, "for");
	double seconds = 0;

	if (length != NULL && (text_duration(length, &seconds) != 0 || seconds <= 0)) {
		fail(reply, COMMAND_PARAMS, "\"%.32s\" is no duration, such as 30m or 2h", length);
		return;
	}
	pause_or_resume(host, params, seconds, true, reply);
}

static void run_resume(struct host *host, json_t *params, struct command_reply *reply)
{
	pause_or_resume(host, params, 0, false, reply);
}

/* --- the tree ---------------------------------------------------------------------------------------- */

static void run_get(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *pointer = param(params, "pointer");

	if (pointer == NULL)
		pointer = "";
	if (pointer_check(pointer) != 0) {
		fail(reply, COMMAND_PARAMS, "\"%.128s\" is not a pointer; one begins with a slash",
			pointer);
		return;
	}
	reply->result = state_get(host_state(host), pointer);
	if (reply->result == NULL)
		fail(reply, COMMAND_NOT_FOUND, "nothing stands at %.128s", pointer);
}

/* --- the configuration ----------------------------------------------------------------------------- */

static json_t *list_row(const struct config_daemon *cd)
{
	json_t *options = json_object();

	for (size_t i = 0; i < cd->count; i++)
		json_object_set_new(options, cd->options[i].key, json_string(cd->options[i].value));
	return json_pack("{s:s,s:s,s:b,s:s,s:i,s:o}", "name", cd->name, "module", cd->module,
		"enabled", cd->enabled, "file", cd->file, "line", cd->line, "options", options);
}

static void run_list(struct host *host, json_t *params, struct command_reply *reply)
{
	const struct config *config = host_config(host);

	reply->result = json_array();
	for (size_t i = 0; i < config->count; i++)
		json_array_append_new(reply->result, list_row(&config->daemons[i]));
}

static void run_reload(struct host *host, json_t *params, struct command_reply *reply)
{
	struct complaints complaints = {0};
	json_t *list = json_array();

	if (host_reload(host, &reply->result, &complaints) != 0) {
		for (size_t i = 0; i < complaints.count; i++)
			json_array_append_new(list, json_string(complaints.list[i].text));
		fail(reply, COMMAND_REFUSED, "the configuration is wrong; nothing was changed");
		reply->data = json_pack("{s:O}", "complaints", list);
	}
	json_decref(list);
	complaints_clear(&complaints);
}

static void add_module(
	const char *name, const char *path, const struct module *module, const char *why, void *arg)
{
	json_t *row = json_pack("{s:s,s:s,s:b}", "name", name, "path", path, "loaded", why == NULL);

	if (why != NULL)
		json_object_set_new(row, "why", json_string(why));
	else if (module_descriptor(module)->summary != NULL)
		json_object_set_new(
			row, "summary", json_string(module_descriptor(module)->summary));
	json_array_append_new(arg, row);
}

static void run_modules(struct host *host, json_t *params, struct command_reply *reply)
{
	reply->result = json_array();
	modules_each(host_modules(host), add_module, reply->result);
}

/* --- the host ------------------------------------------------------------------------------------------- */

static void run_log(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *word = param(params, "level");
	vigil_level level;

	if (log_level_parse(word, &level) != 0) {
		fail(reply, COMMAND_PARAMS,
			"\"%.32s\" is no level; there are error, warning, notice, info and debug",
			word);
		return;
	}
	log_set_level(level);
	log_notice("the log level is now %s", word);
	reply->result = json_pack("{s:s}", "level", word);
}

static void run_version(struct host *host, json_t *params, struct command_reply *reply)
{
	reply->result = json_pack("{s:s,s:i}", "version", PACKAGE_VERSION, "pid", (int)getpid());
}

/* --- the table --------------------------------------------------------------------------------------------- */

/* clang-format off */
#define WORD(n)       {.name = n, .type = JSON_STRING, .required = true}
#define MAYBE_WORD(n) {.name = n, .type = JSON_STRING}
#define WORDS(n)      {.name = n, .type = JSON_ARRAY}
#define OPTION(n)     {.name = n, .type = JSON_STRING, .option = true}
#define SWITCH(n)     {.name = n, .type = JSON_TRUE, .option = true}
#define NOTHING       {.name = NULL}

const struct command commands[] = {
	{"status", "[NAME]", "the daemons and what they have to say",
		ACCESS_READ, false, {MAYBE_WORD("name")}, run_status},
	{"get", "[POINTER]", "the value at a place of the state",
		ACCESS_READ, false, {MAYBE_WORD("pointer")}, run_get},
	{"watch", "[POINTER]", "one line for each change, until interrupted",
		ACCESS_READ, false, {MAYBE_WORD("pointer")}, NULL},
	{"list", "", "the daemons of the configuration, enabled or not",
		ACCESS_READ, false, {NOTHING}, run_list},
	{"explain", "NAME", "what a daemon saw, what it decided and why",
		ACCESS_READ, false, {WORD("name")}, run_explain},
	{"modules", "", "the modules found, and why some are refused",
		ACCESS_READ, false, {NOTHING}, run_modules},
	{"reload", "", "read the configuration anew; all of it or nothing",
		ACCESS_WRITE, true, {NOTHING}, run_reload},
	{"run", "NAME", "a tick of a daemon now",
		ACCESS_WRITE, true, {WORD("name")}, run_run},
	{"restart", "NAME", "restart its service now, whatever the backoff says",
		ACCESS_WRITE, false, {WORD("name")}, run_restart},
	{"pause", "NAME... | --all [--for 2h] [--reason TEXT]", "look on, but withhold action",
		ACCESS_WRITE, true, {WORDS("names"), SWITCH("all"), OPTION("for"), OPTION("reason")},
		run_pause},
	{"resume", "NAME... | --all", "end a pause",
		ACCESS_WRITE, true, {WORDS("names"), SWITCH("all")}, run_resume},
	{"log", "LEVEL", "change the log level of the running host",
		ACCESS_WRITE, true, {WORD("level")}, run_log},
	{"version", "", "the version of the running host",
		ACCESS_READ, false, {NOTHING}, run_version},
	{"help", "[VERB]", "what there is, or one verb",
		ACCESS_LOCAL, false, {NOTHING}, NULL},
	{.verb = NULL},
};
/* clang-format on */

const struct command *command_find(const char *verb)
{
	for (const struct command *c = commands; c->verb != NULL; c++)
		if (strcmp(c->verb, verb) == 0)
			return c;
	return NULL;
}

const char *command_suggest(const char *verb)
{
	struct text_suggest suggest;

	text_suggest_init(&suggest, verb);
	for (const struct command *c = commands; c->verb != NULL; c++)
		text_suggest_add(&suggest, c->verb);
	return text_suggest_get(&suggest);
}

bool command_allowed(const struct command *command, const struct peer *peer)
{
	bool root = peer->uid == 0, own = peer->uid == geteuid();

	switch (command->access) {
	case ACCESS_READ: return root || own || peer->reader;
	case ACCESS_WRITE: return root || own;
	case ACCESS_ROOT: return root;
	case ACCESS_NONE:
	case ACCESS_LOCAL:
	default: return false;
	}
}

const struct command_param *command_param(const struct command *command, const char *name)
{
	for (unsigned i = 0; i < COMMAND_PARAMS_MAX && command->params[i].name != NULL; i++)
		if (strcmp(command->params[i].name, name) == 0)
			return &command->params[i];
	return NULL;
}

static bool is_of_type(const json_t *value, json_type type)
{
	return json_typeof(value) == type || (type == JSON_TRUE && json_is_false(value));
}

static bool check_params(const struct command *command, json_t *params, struct command_reply *reply)
{
	const struct command_param *p;
	const char *key;
	json_t *value;

	json_object_foreach(params, key, value)
	{
		p = command_param(command, key);
		if (p == NULL || !is_of_type(value, p->type)) {
			fail(reply, COMMAND_PARAMS, "%s: %s \"%.64s\"", command->verb,
				p == NULL ? "it has no parameter" : "wrong type of", key);
			return false;
		}
		if (json_is_string(value) &&
			strlen(json_string_value(value)) != json_string_length(value)) {
			fail(reply, COMMAND_PARAMS, "%s: a NUL in \"%s\"", command->verb, key);
			return false;
		}
	}
	for (unsigned i = 0; i < COMMAND_PARAMS_MAX && command->params[i].name != NULL; i++) {
		p = &command->params[i];
		if (p->required && json_object_get(params, p->name) == NULL) {
			fail(reply, COMMAND_PARAMS, "%s: \"%s\" is missing", command->verb,
				p->name);
			return false;
		}
	}
	return true;
}

const struct command *command_admit(
	const struct peer *peer, const char *verb, json_t *params, struct command_reply *reply)
{
	const struct command *command = command_find(verb);

	if (command == NULL || command->access == ACCESS_LOCAL) {
		fail(reply, COMMAND_NO_METHOD, "there is no method \"%.64s\"", verb);
		return NULL;
	}
	if (!command_allowed(command, peer)) {
		fail(reply, COMMAND_DENIED, "%s is not for uid %u", verb, (unsigned)peer->uid);
		return NULL;
	}
	if (params != NULL && !json_is_object(params)) {
		fail(reply, COMMAND_PARAMS, "%s: params must be an object", verb);
		return NULL;
	}
	return check_params(command, params, reply) ? command : NULL;
}

void command_run(struct host *host, const struct peer *peer, const char *verb, json_t *params,
	struct command_reply *reply)
{
	const struct command *command = command_admit(peer, verb, params, reply);

	if (command == NULL)
		return;
	if (command->run == NULL)
		fail(reply, COMMAND_NO_METHOD, "%s works over the socket only", verb);
	else
		command->run(host, params, reply);
	if (reply->result == NULL && reply->code == 0)
		fail(reply, COMMAND_INTERNAL, "%s: no memory for the answer", verb);
}
