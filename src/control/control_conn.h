/*
 * control_conn: one client of the socket: its lines, its requests, its watches.
 */
#ifndef CONTROL_CONN_H
#define CONTROL_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "command/command.h"

#define CONN_LINE_MAX    (64 * 1024)
#define CONN_WAITING_MAX (1024 * 1024)
#define CONN_WATCHES_MAX 16 /* each is told of each change */

/* What all connections of one user may have together. */
#define CONN_USER_WATCHES_MAX 128
#define CONN_USER_WAITING_MAX (8 * CONN_WAITING_MAX)

struct conn;
struct control_work;

/* Told when a connection has ended, before its memory goes. */
typedef void conn_gone_fn(struct conn *conn, void *arg);

/* Takes the descriptor, also when it fails (NULL). */
struct conn *conn_new(
	struct control_work *work, int fd, const struct peer *peer, conn_gone_fn *gone, void *arg);
/* Closes it; gone is not called. */
void conn_free(struct conn *conn);

/* From now on a peer that reads slowly, or not at all, is no reason to close the connection: what it did
 * not ask for is dropped and counted when over CONN_WAITING_MAX bytes wait. */
void conn_set_patient(struct conn *conn);
/* Sends a notification.  Takes params. */
void conn_notify(struct conn *conn, const char *method, json_t *params);

const struct peer *conn_peer(const struct conn *conn);
/* Since when it has had neither request nor watch under way; 0: it has one. */
uint64_t conn_idle_since(const struct conn *conn);

/* A whole error reply without id, as one line; for those that are turned away. */
char *conn_error_line(enum command_error code, const char *message);

#endif
