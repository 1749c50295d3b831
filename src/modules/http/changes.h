/*
 * changes: each change of the state as it happens, by server-sent events.
 */
#ifndef CHANGES_H
#define CHANGES_H

#include "server.h"

/* Makes what the server needs for it; freed with the daemon. */
void changes_open(struct server *server);

/* Tells whoever asks of the changes at and below the pointer request->rest, until it hangs up. */
void changes_reply(const struct request *request);

#endif
