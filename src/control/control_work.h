/*
 * control_work: the clients' requests, and how the loop thread's time is shared among users.
 */
#ifndef CONTROL_WORK_H
#define CONTROL_WORK_H

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

struct conn;
struct control_user;
struct control_work;
struct host;
struct shared_text;

struct control_work *control_work_new(struct host *host);
/* After all connections are closed. */
void control_work_free(struct control_work *work);
struct host *control_work_host(const struct control_work *work);
/* How many connections a user has. */
unsigned control_work_connections(const struct control_work *work, uid_t uid);

/* Adds the connection to those of its user, or removes it. */
void control_work_join(struct control_work *work, struct conn *conn, uid_t uid);
void control_work_leave(struct conn *conn);

/* The connection has requests to answer or an answer to continue: conn_work is called when it is
 * the user's turn, and called again while it returns true. */
void control_work_add(struct conn *conn);
void control_work_remove(struct conn *conn);

/* The line that tells watchers of a change.  It is dumped once for all of them, and borrowed until
 * control returns to the loop; NULL: no memory. */
struct shared_text *control_work_change(
	struct control_work *work, uint64_t revision, const char *pointer, json_t *value);

#endif
