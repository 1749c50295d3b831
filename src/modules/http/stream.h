/*
 * stream: what an open status page needs, over one connection for as long as it is open.
 */
#ifndef STREAM_H
#define STREAM_H

#include "server.h"

/* Makes what the server needs for it; freed with the daemon, after stream_close. */
void stream_open(struct server *server);
void stream_close(struct server *server);

/* Sends the rows of the page, and then each row that changes, until the client closes. */
void stream_reply(const struct request *request);

#endif
