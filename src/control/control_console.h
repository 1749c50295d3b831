/*
 * control_console: the third door to command: a prompt within the host's own process.
 */
#ifndef CONTROL_CONSOLE_H
#define CONTROL_CONSOLE_H

#include <stdbool.h>

#include "command/command.h"

struct control_console;

/* Told of what a watch sees; the change (see command_change) is borrowed. */
typedef void control_console_fn(json_t *change, void *arg);

struct control_console *control_console_open(
	struct host *host, control_console_fn *on_change, void *arg);
void control_console_close(struct control_console *cc);

/* True: it is done, and the reply filled in.  False: it is a watch, and goes on until
 * control_console_stop. */
bool control_console_run(struct control_console *cc, const struct command *command, json_t *params,
	struct command_reply *reply);
void control_console_stop(struct control_console *cc);

#endif
