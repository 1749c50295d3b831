/*
 * services_register: registers daemons for services that would stay down after a crash.
 */
#ifndef SERVICES_REGISTER_H
#define SERVICES_REGISTER_H

#include <stdio.h>

#include <jansson.h>

struct client;
struct command_reply;

/* Asks vigild for the unprotected services that params name, and plans daemons for them.  NULL: the
 * reply has the error. */
json_t *services_register_ask(struct client *client, json_t *params, struct command_reply *reply);
/* Plans a daemon for each row of the result of `services --unprotected`.  daemons: the result of
 * `list`, whose names are not used again.  Returns {"register":[{"name","options":[...]}],
 * "skipped":[text]}, a new reference.  A service is skipped if a daemon would not help. */
json_t *services_register_plan(json_t *result, json_t *daemons);
/* Prints the plan: the command `vigilctl register` for each daemon, and what is skipped. */
void services_register_print(FILE *to, json_t *plan);
/* Registers the daemons in the configuration, as `vigilctl register` does.  Either all or none of
 * them: returns 0, or -errno with the error in the reply.  On success data has {"notes":[...]}. */
int services_register_apply(json_t *plan, const char *file, struct command_reply *reply);

#endif
