/*
 * refusal_log: logs requests that were refused before they were understood.
 */
#ifndef REFUSAL_LOG_H
#define REFUSAL_LOG_H

#include "server.h"

/* Prepares the log of a daemon; it is freed with the daemon. */
void refusal_log_open(struct server *server);
/* Logs one refusal: for each client and status code once in ten minutes. */
void refusal_log_add(struct server *server, const struct connection *connection,
	const struct framing_refusal *refusal);

#endif
