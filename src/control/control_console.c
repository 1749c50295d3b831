/*
 * control_console: the third door to command: a prompt within the host's own process.
 *
 * Who sits at it has started the host, and is asked for no other right than the host's own user
 * has.  Verbs are run by the same table, and a watch tells in the same form, as over the socket;
 * there is one watch at a time, since a prompt waits for it.  Words, lines and terminals are not
 * known here.
 */
#include "control/control_console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "command/command_handlers.h"
#include "state/json_pointer.h"
#include "state/state.h"
#include "host/host.h"

struct control_console {
	struct host *host;
	struct state_watch *watch;
	control_console_fn *on_change;
	void *arg;
};

static void on_state(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	struct control_console *cc = arg;
	json_t *change = command_change(revision, pointer, value);

	if (change != NULL)
		cc->on_change(change, cc->arg);
	json_decref(change);
}

static bool begin_watch(struct control_console *cc, json_t *params, struct command_reply *reply)
{
	const char *pointer = json_string_value(json_object_get(params, "pointer"));

	control_console_stop(cc);
	cc->watch = state_watch(host_state(cc->host), pointer != NULL ? pointer : "", on_state, cc);
	if (cc->watch != NULL)
		return false;
	command_fail(reply, COMMAND_PARAMS, "watch: \"%.128s\" is not a JSON Pointer: it %s",
		pointer, json_pointer_error(pointer));
	return true;
}

bool control_console_run(struct control_console *cc, const struct command *command, json_t *params,
	struct command_reply *reply)
{
	const struct peer self = {.uid = geteuid()};

	if (strcmp(command->verb, "watch") != 0) {
		command_run(cc->host, &self, command->verb, params, reply);
		return true;
	}
	return command_admit(&self, command->verb, params, reply) == NULL ||
	       begin_watch(cc, params, reply);
}

void control_console_stop(struct control_console *cc)
{
	state_unwatch(cc->watch);
	cc->watch = NULL;
}

struct control_console *control_console_open(
	struct host *host, control_console_fn *on_change, void *arg)
{
	struct control_console *cc = memory_zero(sizeof(*cc));

	cc->host = host;
	cc->on_change = on_change;
	cc->arg = arg;
	return cc;
}

void control_console_close(struct control_console *cc)
{
	if (cc == NULL)
		return;
	control_console_stop(cc);
	free(cc);
}
