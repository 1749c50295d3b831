/*
 * client: one connection to a running vigild.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <jansson.h>

#include "command/command.h"

struct client;

/* NULL and errno: nobody answers there. */
struct client *client_open(const char *socket);
/* Takes a connected descriptor, which does not block. */
struct client *client_adopt(int fd);
void client_close(struct client *client);

/* Sends a request (params: a new reference or NULL) and waits for its reply, at most so many
 * seconds (0: for ever).  The reply as it came, with "result" or "error", a new reference; NULL
 * and errno: ETIMEDOUT, EPROTO (it is not JSON), EBADMSG (nested too deeply), EMSGSIZE (too
 * long; the connection is of no further use), or the connection was closed (EPIPE, ECONNRESET).
 * client_error says these in words.  Notifications and late replies that come before it are dropped. */
json_t *client_call(struct client *client, const char *method, json_t *params, double seconds);
const char *client_error(int err);
/* A line without its newline, as client_call reads replies; a new reference, or NULL and errno. */
json_t *client_parse(const char *line, size_t length);
/* Waits for the next notification, for ever; NULL and errno as above. */
json_t *client_next(struct client *client);

/* The path of the configuration that the vigild reads, to be freed; NULL and why in words. */
char *client_config_file(struct client *client, char *why, size_t size);

/* For those who wait by themselves, on a descriptor that becomes readable. */
int client_fd(const struct client *client);
/* Sends a request (params as above) without waiting for its reply.  Its id, or -errno. */
int client_send(struct client *client, const char *method, json_t *params, double seconds);
/* The next whole object that has come, reply or notification; NULL and errno: EAGAIN, or as
 * above. */
json_t *client_take(struct client *client);

/* How many seconds the answer to a verb may take. */
double client_patience(const char *verb);
/* What a reply says, as a handler of the verb would have filled it in; its values are new
 * references.  code is 0 only for a reply with a result and without an error. */
void client_read_reply(json_t *object, struct command_reply *reply);

#endif
