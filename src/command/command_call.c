/*
 * command_call: the verb call, which runs a verb of a module.
 *
 * The action of the verb may end later.  Then the reply is pending until the daemon answers.
 */
#include "command/command_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "command/daemon_names.h"
#include "command/pending.h"
#include "daemon/daemon.h"
#include "host/host.h"

struct call {
	struct host *host;
	char *daemon, *verb;
	struct pending *pending;
};

static void call_free(struct call *call)
{
	free(call->daemon);
	free(call->verb);
	free(call);
}

/* answer: borrowed; NULL: none. */
static void fill(
	const struct call *call, int error, const json_t *answer, struct command_reply *reply)
{
	const char *why = json_string_value(answer);

	if (error == 0)
		reply->result = json_pack("{s:s,s:s,s:O?}", "name", call->daemon, "verb",
			call->verb, "answer", (json_t *)answer);
	else if (error == -EALREADY && answer == NULL)
		command_fail(
			reply, COMMAND_BUSY, "%s: %s is in progress", call->daemon, call->verb);
	else
		command_fail(reply, COMMAND_REFUSED, "%s: %s: %.160s", call->daemon, call->verb,
			why != NULL && why[0] != '\0' ? why : strerror(-error));
}

static void on_done(int error, const json_t *answer, void *arg)
{
	struct call *call = arg;
	struct command_reply reply = {0};

	fill(call, error, answer, &reply);
	pending_complete(call->pending, &reply);
	command_reply_clear(&reply);
	call_free(call);
}

/* The client has gone. */
static void on_cancel(void *arg)
{
	struct call *call = arg;
	struct vigil_daemon *d = host_find(call->host, call->daemon);

	if (d != NULL)
		daemon_verb_forget(d, call->verb);
	call_free(call);
}

/* Returns the arguments, ended by NULL, in one block.  Their texts are borrowed. */
static const char **arguments_of(json_t *words)
{
	const char **arguments = memory_zero((json_array_size(words) + 1) * sizeof(*arguments));
	size_t index;
	json_t *word;

	json_array_foreach(words, index, word)
		arguments[index] = json_string_value(word);
	return arguments;
}

static void run(
	struct host *host, struct vigil_daemon *d, json_t *params, struct command_reply *reply)
{
	const char **arguments = arguments_of(json_object_get(params, "arguments"));
	struct call *call = memory_zero(sizeof(*call));
	json_t *answer;
	int err;

	call->host = host;
	call->daemon = memory_text(daemon_name(d));
	call->verb = memory_text(command_text(params, "verb"));
	err = daemon_call(d, call->verb, arguments, &answer, on_done, call);
	if (err == VIGIL_VERB_STARTED) {
		call->pending = reply->pending = pending_new(on_cancel, call);
	} else {
		if (err == -ENOSYS && answer == NULL)
			command_fail(reply, COMMAND_NOT_FOUND,
				"%s has no verb \"%.32s\"; `vigilctl call %s` prints its verbs",
				call->daemon, call->verb, call->daemon);
		else
			fill(call, err, answer, reply);
		call_free(call);
	}
	json_decref(answer);
	free(arguments);
}

static void list(struct vigil_daemon *d, struct command_reply *reply)
{
	json_t *verbs = json_object();
	const char *name, *help;

	for (size_t i = 0; (name = daemon_verb_at(d, i, &help)) != NULL; i++)
		if (help != NULL)
			json_object_set_new(verbs, name, json_string(help));
	reply->result = json_pack("{s:s,s:o}", "name", daemon_name(d), "verbs", verbs);
}

void command_call(struct host *host, json_t *params, struct command_reply *reply)
{
	struct vigil_daemon *d = daemon_names_find(host, command_text(params, "name"), reply);

	if (d == NULL)
		return;
	if (daemon_status(d) == DAEMON_FAILED)
		command_fail(reply, COMMAND_REFUSED, "%s has failed: %.160s", daemon_name(d),
			daemon_reason(d));
	else if (command_text(params, "verb") == NULL)
		list(d, reply);
	else
		run(host, d, params, reply);
}
