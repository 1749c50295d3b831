/*
 * command_internal: the handlers of the verbs, and their common function.
 *
 * A handler runs after access and parameters have been checked.  It reads or changes the host and
 * fills in the reply: a result, a stream, or an error by command_fail.
 */
#ifndef COMMAND_INTERNAL_H
#define COMMAND_INTERNAL_H

#include "command/command.h"

struct diagnostics;
struct section;

typedef void command_fn(struct host *host, json_t *params, struct command_reply *reply);

/* command_call.c */
command_fn command_call;
/* command_check.c */
command_fn command_check;
/* command_daemons.c */
command_fn command_explain, command_tick, command_pause, command_resume;
/* command_sequence.c */
command_fn command_start, command_stop, command_restart;
/* command_services.c */
command_fn command_services;
/* command_status.c */
command_fn command_status;
/* command_host.c */
command_fn command_get, command_list, command_reload, command_register, command_unregister;
command_fn command_modules, command_log, command_version;

/* The user of the client as text, for the log and the state; "": unknown.  It is a uid, because
 * looking up the name could block the loop.  Returns by. */
const char *command_client(const struct command_reply *reply, char by[32]);
/* Fills in an error with the diagnostics, and clears them. */
void command_fail_diagnostics(
	struct diagnostics *diagnostics, const char *what, struct command_reply *reply);

/* A verb that is run again when modules in other processes have answered.  Returns false if it must
 * wait for that; then it has changed nothing. */
typedef bool command_try_fn(struct host *host, json_t *params, struct command_reply *reply);
/* Runs such a verb; the reply may come later. */
void command_try(
	struct host *host, json_t *params, command_try_fn *try, struct command_reply *reply);
/* Delays the reply of a verb until no daemon in a process of its own is busy with what it was told
 * to do. */
void command_settle(struct host *host, struct command_reply *reply);

#endif
