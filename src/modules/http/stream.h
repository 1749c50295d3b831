/*
 * stream: keeps an open status page up to date over one connection.
 */
#ifndef STREAM_H
#define STREAM_H

#include "server.h"

/* Allocates server->stream.  stream_close frees its rows; the rest is freed with the daemon, after
 * stream_close. */
void stream_open(struct server *server);
void stream_close(struct server *server);

/* Sends all rows of the page, and then each row that changes, until the client closes the
 * connection. */
void stream_reply(const struct request *request);

#endif
