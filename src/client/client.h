/*
 * client: one connection to a running vigild.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <jansson.h>

#include "command/command.h"

struct client;

/* Connects to the control socket.  NULL and errno: the connection failed. */
struct client *client_open(const char *socket);
/* Makes a client of a connected, non-blocking descriptor, and takes ownership of it. */
struct client *client_adopt(int fd);
void client_close(struct client *client);

/* Sends a request (params: NULL, or an object whose reference it takes) and waits for the reply, at
 * most this number of seconds (0: no limit).  Returns the whole reply, with "result" or "error", as
 * a new reference.  Or NULL and errno: ETIMEDOUT, EPROTO (not JSON), EBADMSG (nested too deeply),
 * EMSGSIZE (too long; the connection cannot be used any more), or EPIPE or ECONNRESET (the
 * connection was closed). client_error has a text for each.  Notifications and late replies that
 * arrive before the reply are dropped. */
json_t *client_call(struct client *client, const char *method, json_t *params, double seconds);
const char *client_error(int err);
/* Runs a verb (params as in client_call) and waits for the reply as long as client_patience says.
 * 0, and the caller clears the reply; or -errno as in client_call. */
int client_ask(
	struct client *client, const char *verb, json_t *params, struct command_reply *reply);
/* Parses a line without its newline, with the checks of client_call.  A new reference, or NULL and
 * errno. */
json_t *client_parse(const char *line, size_t length);
/* Waits for the next notification without a time limit.  NULL and errno as in client_call. */
json_t *client_next(struct client *client);

/* Asks vigild for the path of its configuration file; the caller frees it.  NULL: why has the
 * reason. */
char *client_config_file(struct client *client, char *why, size_t size);

/* For callers that poll themselves: the descriptor becomes readable when data arrives. */
int client_fd(const struct client *client);
/* Sends a request (params as in client_call) without waiting for the reply.  Returns the request's
 * id, or -errno. */
int client_send(struct client *client, const char *method, json_t *params, double seconds);
/* The next complete object that has arrived, a reply or a notification.  NULL and errno: EAGAIN
 * (none yet), or as in client_call. */
json_t *client_take(struct client *client);

/* The time limit for the reply to a verb, in seconds; 0: none. */
double client_patience(const char *verb);
/* Whether this error of client_open, an errno, means that vigild does not run. */
bool client_is_absent(int err);
/* Converts a reply to the form in which a handler fills it in.  Its values are new references. code
 * is 0 only if the reply has a result and no error. */
void client_read_reply(json_t *object, struct command_reply *reply);

#endif
