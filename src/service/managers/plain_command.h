/*
 * plain_command: evaluates the status_command of the configuration.
 */
#ifndef PLAIN_COMMAND_H
#define PLAIN_COMMAND_H

#include "service/evidence.h"
#include "service/manager.h"

struct spawn_result;

/* Stores the exit status and the output in the evidence and the reply. code: the exit status;
 * negative: the command has none, and the fault is in the reply. The evidence refers to the
 * reply's text. */
void plain_command_take(int code, const struct spawn_result *result, struct evidence *e,
	struct manager_reply *reply);

#endif
