/*
 * state_json: replies with the state, or a part of it, as JSON.
 */
#ifndef STATE_JSON_H
#define STATE_JSON_H

#include "server.h"

/* Replies with the value at the JSON pointer request->rest. */
void state_json_reply(const struct request *request);

#endif
