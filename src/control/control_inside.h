/*
 * control_inside: a client of the socket, for its two sides: control_conn.c, where requests come in,
 * and control_send.c, where answers go out.
 */
#ifndef CONTROL_INSIDE_H
#define CONTROL_INSIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/util.h>
#include <jansson.h>

#include "command/command.h"
#include "control/control_conn.h"

struct evbuffer;
struct event;
struct loop_timer;
struct watch;

struct conn {
	struct host *host;
	struct peer peer;
	int fd;
	struct event *readable, *writable;
	struct evbuffer *in, *out;
	struct series *series;  /* an answer under way, after which the next request is read */
	struct evbuffer *later; /* what was to be said meanwhile */
	struct loop_timer *line_timer; /* armed while a line has begun and not ended */
	struct loop_timer *turn;       /* armed when there is more to do, or to end */
	SLIST_HEAD(, watch) watches;
	unsigned watch_count;
	uint64_t last_active;
	bool half_closed; /* the peer will send no more */
	bool ending;
	conn_gone_fn *gone;
	void *gone_arg;
};

/* It ends at the loop's next turn. */
void conn_end_soon(struct conn *conn);
void conn_flush(struct conn *conn);
void conn_on_writable(evutil_socket_t fd, short what, void *conn);
/* NULL when there is no memory for it, or for the object itself. */
char *conn_dump(const json_t *object);
/* Sends a text as a line; takes it. */
void conn_send_text(struct conn *conn, char *text);
/* Sends an object as a line; takes the reference. */
void conn_send_line(struct conn *conn, json_t *object);
/* Answers by the reply's series, which it takes.  Nothing more is read until all is told: what
 * the peer sends waits in the kernel. */
void conn_begin_series(struct conn *conn, json_t *id, struct command_reply *reply);
/* Tells as much of it as a turn of the loop allows, and as the peer takes. */
void conn_go_on(struct conn *conn);

#endif
