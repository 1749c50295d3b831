/*
 * command_internal: the handlers of the verbs, and their common function.
 *
 * A handler runs after access and parameters have been checked.  It reads or changes the host and
 * fills in the reply: a result, a stream, or an error by command_fail.
 */
#ifndef COMMAND_INTERNAL_H
#define COMMAND_INTERNAL_H

#include "command/command.h"

struct section;

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

/* Fills in the reply with all parts, which have no keys: as a stream if the caller accepts one and
 * there are many daemons, otherwise as one array. */
void command_answer(struct host *host, const struct section *sections, struct command_reply *reply);

#endif
