/*
 * changes: sends each change of the state to the client as a server-sent event.
 */
#ifndef CHANGES_H
#define CHANGES_H

#include "server.h"

/* Allocates server->changes, which is freed with the daemon. */
void changes_open(struct server *server);

/* Sends the changes at and below the JSON pointer request->rest, and those of the values that
 * contain it, until the client closes the connection. */
void changes_reply(const struct request *request);

#endif
