/*
 * control_conn: one connection to the socket: its lines, requests and watches.
 */
#ifndef CONTROL_CONN_H
#define CONTROL_CONN_H

#include <stdint.h>

#include "command/command.h"

#define CONN_LINE_MAX    (64 * 1024)
#define CONN_WAITING_MAX (1024 * 1024)
#define CONN_WATCHES_MAX 16 /* every watch gets every change */

/* Limits for all connections of one user together. */
#define CONN_USER_WATCHES_MAX 128
#define CONN_USER_WAITING_MAX (8 * CONN_WAITING_MAX)

struct conn;
struct control_work;

/* Called when a connection has ended by itself, before it is freed. */
typedef void conn_gone_fn(struct conn *conn, void *arg);

/* Takes ownership of the descriptor, also on failure (NULL). */
struct conn *conn_new(
	struct control_work *work, int fd, const struct peer *peer, conn_gone_fn *gone, void *arg);
/* Closes the connection. gone is not called. */
void conn_free(struct conn *conn);

/* Keeps the connection open even if the peer reads slowly or not at all.  While more than
 * CONN_WAITING_MAX bytes are waiting, notifications are dropped and counted. */
void conn_set_patient(struct conn *conn);
/* Sends a notification.  Takes the reference to params. */
void conn_notify(struct conn *conn, const char *method, json_t *params);

const struct peer *conn_peer(const struct conn *conn);
/* Whether a request of the connection is changing services at present. */
bool conn_acts(const struct conn *conn);
/* The time (clock_now) since which the connection has had no request and no watch.  0: it is
 * busy. */
uint64_t conn_idle_since(const struct conn *conn);

/* An error reply without an id, as one line with a newline, for clients that are rejected.  The
 * caller frees it. */
char *conn_error_line(enum command_error code, const char *message);

#endif
