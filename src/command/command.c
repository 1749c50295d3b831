/*
 * command: the table of verbs.
 *
 * Access and parameters are checked here, before any handler runs, and nowhere else.
 */
#include "command/command_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "command/pending.h"
#include "command/reply_stream.h"

/* Removes incomplete UTF-8 sequences, because a truncated name may end in one and JSON cannot
 * contain it. */
static void drop_half_characters(char *text)
{
	size_t left = strlen(text), took;
	char *to = text;
	uint32_t c;

	for (; left > 0; text += took, left -= took) {
		took = text_decode(text, left, &c);
		if (took > 0) {
			memmove(to, text, took);
			to += took;
		} else {
			took = 1;
		}
	}
	*to = '\0';
}

void command_fail(struct command_reply *reply, enum command_error code, const char *format, ...)
{
	va_list ap;

	reply->code = code;
	va_start(ap, format);
	vsnprintf(reply->message, sizeof(reply->message), format, ap);
	va_end(ap);
	drop_half_characters(reply->message);
}

const char *command_text(json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}

const char *command_client(const struct command_reply *reply, char by[32])
{
	by[0] = '\0';
	if (reply->peer != NULL && reply->peer->uid == 0)
		snprintf(by, 32, "root");
	else if (reply->peer != NULL)
		snprintf(by, 32, "uid %lu", (unsigned long)reply->peer->uid);
	return by;
}

/* --- the table -------------------------------------------------------------------------------- */

/* clang-format off */
#define WORD(n)       {.name = n, .type = JSON_STRING, .required = true}
#define MAYBE_WORD(n) {.name = n, .type = JSON_STRING}
#define WORDS(n)      {.name = n, .type = JSON_ARRAY}
#define OPTION(n)     {.name = n, .type = JSON_STRING, .option = true}
#define SWITCH(n)     {.name = n, .type = JSON_TRUE, .option = true}
#define ANSWER_SWITCH(n) \
	{.name = n, .type = JSON_TRUE, .option = true, .no_pipe = true}
#define NOTHING       {.name = NULL}

const struct command commands[] = {
	{"status", "[NAME] [-v] [-w] [--watch]", "print the daemons, their services and their health",
		ACCESS_READ, false,
		{MAYBE_WORD("name"), SWITCH("verbose"), SWITCH("worst"), SWITCH("watch")}, command_status},
	{"get", "[POINTER]", "print the value at an address in the state",
		ACCESS_READ, false, {MAYBE_WORD("pointer"), SWITCH("raw")}, command_get},
	{"watch", "[POINTER]", "print one line for each change, until interrupted",
		ACCESS_READ, false, {MAYBE_WORD("pointer")}, NULL},
	{"list", "", "print the daemons of the configuration, enabled or not",
		ACCESS_READ, false, {NOTHING}, command_list},
	{"services", "[GLOB...] [-u] [-v] [--register [--dry-run]]",
		"print all services of the machine, and what happens when they crash",
		ACCESS_READ, false,
		{WORDS("names"), SWITCH("unprotected"), SWITCH("verbose"), SWITCH("register"),
			SWITCH("dry_run")}, command_services},
	{"explain", "NAME [--since TIME]", "print the evidence, the decision and the history of a daemon",
		ACCESS_READ, false, {WORD("name"), OPTION("since")}, command_explain},
	{"check", "NAME [-w RANGE] [-c RANGE] [POINTER]", "report a daemon's health or a number as a Nagios plugin",
		ACCESS_READ, false,
		{WORD("name"), MAYBE_WORD("pointer"), OPTION("warning"), OPTION("critical")}, command_check},
	{"modules", "", "print the modules, and why some are refused",
		ACCESS_READ, false, {NOTHING}, command_modules},
	{"reload", "[--dry-run]", "read the configuration again, or only print the changes",
		ACCESS_WRITE, true, {ANSWER_SWITCH("dry_run")}, command_reload},
	{"run", "NAME", "run a tick of a daemon now",
		ACCESS_WRITE, true, {WORD("name")}, command_tick},
	{"start", "NAME... [--dry-run]", "start services in the order of their dependencies",
		ACCESS_WRITE, false, {WORDS("names"), SWITCH("dry_run")}, command_start},
	{"stop", "NAME... [--dry-run]", "stop services and keep them down, in the reverse order",
		ACCESS_WRITE, false, {WORDS("names"), SWITCH("dry_run")}, command_stop},
	{"restart", "NAME... [--dry-run]", "restart services in the order of their dependencies",
		ACCESS_WRITE, false, {WORDS("names"), SWITCH("dry_run")}, command_restart},
	{"call", "NAME [VERB] [ARGUMENT...]", "run a verb of a daemon's module, or print its verbs",
		ACCESS_WRITE, false, {WORD("name"), MAYBE_WORD("verb"), WORDS("arguments")}, command_call},
	{"pause", "NAME... | --all [--for 2h] [--reason TEXT]", "maintenance: continue checks, restart nothing",
		ACCESS_WRITE, true, {WORDS("names"), SWITCH("all"), OPTION("for"), OPTION("reason")},
		command_pause},
	{"resume", "NAME... | --all", "end a pause or a quarantine",
		ACCESS_WRITE, true, {WORDS("names"), SWITCH("all")}, command_resume},
	{"register", "NAME [module=M] [key=value ...]", "add a daemon to the configuration, in conf.d",
		ACCESS_ROOT, false, {WORD("name"), WORDS("options")}, command_register},
	{"unregister", "NAME", "remove a daemon that register added",
		ACCESS_ROOT, false, {WORD("name")}, command_unregister},
	{"log", "LEVEL", "change the log level of vigild",
		ACCESS_WRITE, true, {WORD("level")}, command_log},
	{"version", "", "print the version of vigild",
		ACCESS_READ, false, {NOTHING}, command_version},
	{"module", "new NAME | test NAME|DIR [--ticks N] [--for TIME] [key=value ...]",
		"create a new module, or test a module",
		ACCESS_LOCAL, false, {WORD("what"), WORD("module"), WORDS("options"), OPTION("ticks"),
						 OPTION("for")},
		NULL},
	{"console", "", "start a prompt for these verbs",
		ACCESS_LOCAL, false, {NOTHING}, NULL},
	{"help", "[VERB]", "print all verbs, or the help of one verb",
		ACCESS_LOCAL, false, {MAYBE_WORD("verb")}, NULL},
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

/* Whether a text has no NUL character, and an array has only such texts. */
static bool check_texts(const json_t *value)
{
	size_t index;
	json_t *element;

	if (json_is_string(value))
		return strlen(json_string_value(value)) == json_string_length(value);
	json_array_foreach((json_t *)value, index, element)
		if (!json_is_string(element) || !check_texts(element))
			return false;
	return true;
}

static bool check_params(const struct command *command, json_t *params, struct command_reply *reply)
{
	const struct command_param *p;
	const char *key;
	json_t *value;

	json_object_foreach(params, key, value) {
		p = command_param(command, key);
		if (p == NULL || !is_of_type(value, p->type)) {
			command_fail(reply, COMMAND_PARAMS, "%s: %s \"%.64s\"", command->verb,
				p == NULL ? "unknown parameter" : "wrong type of", key);
			return false;
		}
		if (!check_texts(value)) {
			command_fail(reply, COMMAND_PARAMS,
				"%s: \"%s\" contains a NUL character, or an element that is no "
				"text",
				command->verb, key);
			return false;
		}
	}
	for (unsigned i = 0; i < COMMAND_PARAMS_MAX && command->params[i].name != NULL; i++) {
		p = &command->params[i];
		if (p->required && json_object_get(params, p->name) == NULL) {
			command_fail(reply, COMMAND_PARAMS, "%s: \"%s\" is missing", command->verb,
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
		command_fail(reply, COMMAND_NO_METHOD, "unknown method \"%.64s\"", verb);
		return NULL;
	}
	if (!command_allowed(command, peer)) {
		command_fail(reply, COMMAND_DENIED, "permission denied: uid %u may not use \"%s\"",
			(unsigned)peer->uid, verb);
		return NULL;
	}
	if (json_is_array(params) && json_array_size(params) == 0)
		params = NULL; /* an empty array means no parameters */
	if (params != NULL && !json_is_object(params)) {
		command_fail(reply, COMMAND_PARAMS, "%s: params must be an object", verb);
		return NULL;
	}
	return check_params(command, params, reply) ? command : NULL;
}

void command_reply_clear(struct command_reply *reply)
{
	pending_free(reply->pending);
	reply_stream_free(reply->stream);
	json_decref(reply->result);
	json_decref(reply->data);
	*reply = (struct command_reply){0};
}

/* Runs a verb that only reads.  If memory runs out, vigild does not exit because of a client's
 * request: the incomplete reply is dropped. */
static void run_read(const struct command *command, struct host *host, json_t *params,
	struct command_reply *reply)
{
	memory_untrusted_begin();
	command->run(host, params, reply);
	if (!memory_untrusted_end())
		return;
	command_reply_clear(reply);
}

void command_run(struct host *host, const struct peer *peer, const char *verb, json_t *params,
	struct command_reply *reply)
{
	const struct command *command = command_admit(peer, verb, params, reply);

	if (command == NULL)
		return;
	reply->peer = peer;
	if (command->run == NULL)
		command_fail(reply, COMMAND_NO_METHOD, "%s works over the socket only", verb);
	else if (command->access == ACCESS_READ)
		run_read(command, host, params, reply);
	else
		command->run(host, params, reply);
	if (reply->result == NULL && reply->stream == NULL && reply->pending == NULL &&
		reply->code == 0)
		command_fail(reply, COMMAND_INTERNAL, "%s: out of memory for the reply", verb);
}

json_t *command_change(uint64_t revision, const char *pointer, json_t *value)
{
	char now[CLOCK_TEXT];
	json_t *null = json_null();
	json_t *change = json_pack("{s:I,s:s,s:s,s:O}", "revision", (json_int_t)revision, "time",
		clock_text(now), "pointer", pointer, "value", value != NULL ? value : null);

	json_decref(null);
	return change;
}
