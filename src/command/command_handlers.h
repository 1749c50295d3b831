/*
 * command_handlers: the handlers of the verbs, and their common functions.
 *
 * A handler runs after access and parameters have been checked.  It reads or changes the host and
 * fills in the reply: a result, a stream, or an error by command_fail.
 */
#ifndef COMMAND_HANDLERS_H
#define COMMAND_HANDLERS_H

#include "command/command.h"

typedef void command_fn(struct host *host, json_t *params, struct command_reply *reply);

/* command_check.c */
command_fn command_check;
/* command_daemons.c */
command_fn command_explain, command_tick, command_restart, command_pause, command_resume;
/* command_status.c */
command_fn command_status;
/* command_host.c */
command_fn command_get, command_list, command_reload, command_register, command_unregister;
command_fn command_modules, command_log, command_version;

void command_fail(struct command_reply *reply, enum command_error code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A text parameter.  NULL: it was not given. */
const char *command_text(json_t *params, const char *name);

#endif
