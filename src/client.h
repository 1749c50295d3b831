/*
 * client: one connection to a running vigild, blocking, with a deadline.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <jansson.h>

struct client;

/* NULL and errno: nobody answers there. */
struct client *client_open(const char *socket);
void client_close(struct client *client);

/* Sends a request (params: a new reference or NULL) and waits for its reply, at most so many
 * seconds (0: for ever).  The reply as it came, with "result" or "error", a new reference; NULL
 * and errno: ETIMEDOUT, EPROTO (it is not JSON), or the connection was closed (EPIPE,
 * ECONNRESET).  Notifications and late replies that come before it are dropped. */
json_t *client_call(struct client *client, const char *method, json_t *params, double seconds);
/* Waits for the next notification, for ever; NULL and errno as above. */
json_t *client_next(struct client *client);

#endif
