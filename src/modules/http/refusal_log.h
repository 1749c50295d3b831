/*
 * refusal_log: logs requests that were refused because they could not be parsed or exceeded a
 * limit.
 */
#ifndef REFUSAL_LOG_H
#define REFUSAL_LOG_H

#include "server.h"

/* Allocates server->refusals, which is freed with the daemon. */
void refusal_log_open(struct server *server);
/* Logs one refusal.  Each pair of client and status code is logged only once in ten minutes. */
void refusal_log_add(struct server *server, const struct connection *connection,
	const struct framing_refusal *refusal);

#endif
