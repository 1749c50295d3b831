/*
 * state_json: the state as JSON.
 */
#ifndef STATE_JSON_H
#define STATE_JSON_H

#include "server.h"

/* Answers with what stands at the pointer request->rest. */
void state_json_reply(const struct request *request);

#endif
