/*
 * connection: the console's connection to vigild.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "client/verb.h"

struct connection;

struct connection_spec {
	const char *socket; /* the control socket; NULL: fd is the connection and cannot be
			       connected again */
	int fd;
	const char *file; /* the configuration that register changes; NULL: that of the connected
			     vigild */
	bool quiet;
	/* Waits until vigild has sent data, and returns 0.  -ETIMEDOUT: the deadline has passed.
	 * -EINTR: the user has interrupted the wait.  -EPIPE: the console is ending. fd -1: there
	 * is no connection. */
	int (*wait)(int fd, uint64_t deadline, void *arg);
	/* Called for a line that is not a reply, such as a line of the log. */
	void (*on_notice)(const char *line, void *arg);
	/* Called for a change of a watched value.  Borrows the reference. */
	void (*on_change)(json_t *change, void *arg);
	void *arg;
};

struct connection *connection_new(const struct connection_spec *spec);
void connection_free(struct connection *connection);

/* Connects if there is no connection.  0 or -errno. */
int connection_open(struct connection *connection);
/* The descriptor to poll between two verbs.  -1: not connected. */
int connection_fd(const struct connection *connection);
/* Reads what vigild has sent between two verbs: notifications, or the end of the connection. */
void connection_read(struct connection *connection);
/* True: the connection was lost and cannot be opened again, because vigild has ended. */
bool connection_ended(const struct connection *connection);

/* Runs a verb in vigild and waits for the reply, which the caller clears.  Errors of this process
 * are also replies with a code.  A watch continues until it is interrupted or the connection is
 * lost. */
void connection_run(
	struct connection *connection, const struct verb *verb, struct command_reply *reply);
/* Sends a request for completion.  A new reference to the result, or NULL.  Takes the reference to
 * params. */
json_t *connection_ask(struct connection *connection, const char *verb, json_t *params);

#endif
