/*
 * plain_command: what the status_command of the configuration says of a service.
 */
#ifndef PLAIN_COMMAND_H
#define PLAIN_COMMAND_H

#include "service/evidence.h"
#include "service/manager.h"

struct spawn_result;

/* Takes its exit status (negative: it has none, and the fault is in the reply) and its output into the
 * evidence and the reply; the evidence refers to the reply's text. */
void plain_command_take(int code, const struct spawn_result *result, struct evidence *e,
	struct manager_reply *reply);

#endif
