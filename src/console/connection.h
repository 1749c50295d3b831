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
	const char *
		socket; /* the control socket; NULL: fd is the connection, and the only one there will be */
	int fd;
	const char *
		file; /* the configuration that register changes; NULL: that of the vigild at the socket */
	bool quiet;
	/* Waits until vigild has sent something, and returns 0; or -ETIMEDOUT at the deadline, or -EINTR
	 * when the user has interrupted it.  fd -1: there is no connection. */
	int (*wait)(int fd, uint64_t deadline, void *arg);
	/* A line that is no answer, such as one of the log. */
	void (*on_notice)(const char *line, void *arg);
	/* A change that is being watched; the reference stays the caller's. */
	void (*on_change)(json_t *change, void *arg);
	void *arg;
};

struct connection *connection_new(const struct connection_spec *spec);
void connection_free(struct connection *connection);

/* Connects where it is not connected.  0 or -errno. */
int connection_open(struct connection *connection);
/* What to wait for between two verbs; -1: not connected. */
int connection_fd(const struct connection *connection);
/* Reads what vigild has sent, which is notices, or the end. */
void connection_read(struct connection *connection);
/* Whether the only connection is lost: vigild has ended. */
bool connection_ended(const struct connection *connection);

/* Has vigild do a verb, and waits for the answer, which the caller clears.  What fails here is a reply with a
 * code, too.  A watch has no end until it is interrupted or the connection is lost. */
void connection_run(
	struct connection *connection, const struct verb *verb, struct command_reply *reply);
/* Asks for completion: a new reference to the result, or NULL.  Takes params. */
json_t *connection_ask(struct connection *connection, const char *verb, json_t *params);

#endif
