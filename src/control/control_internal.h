/*
 * control_internal: a client of the socket, for the files that serve it: control_conn.c, where requests
 * come in, control_send.c, where answers go out, and control_watch.c.
 */
#ifndef CONTROL_INTERNAL_H
#define CONTROL_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/util.h>
#include <jansson.h>

#include "base/clock.h"
#include "command/command.h"
#include "control/control_conn.h"
#include "control/control_text.h"
#include "control/control_work.h"

struct evbuffer;
struct event;
struct loop_timer;
struct watch;

/* How long a peer may take nothing of a long answer. */
#define CONN_TAKE_TIME (30 * CLOCK_SECOND)

struct conn {
	struct host *host;
	struct control_client client;
	struct peer peer;
	int fd;
	struct event *readable, *writable;
	struct evbuffer *in, *out;
	struct reply_stream *stream; /* an answer under way, after which the next request is read */
	struct evbuffer *later;      /* what was to be said meanwhile */
	struct loop_timer *line_timer; /* armed while a line has begun and not ended, or while the
					 * peer takes nothing of a long answer */
	struct loop_timer *end_timer;  /* armed when it is to end */
	SLIST_HEAD(, watch) watches;
	unsigned watch_count;
	uint64_t last_active;
	bool half_closed;   /* the peer will send no more */
	bool patient;       /* it is the console's: a slow peer is no reason to close it */
	unsigned long lost; /* notifications that found no room, since the last that did */
	bool ending;
	conn_gone_fn *gone;
	void *gone_arg;
};

/* It ends at the loop's next turn. */
void conn_end_soon(struct conn *conn);
void conn_flush(struct conn *conn);
void conn_on_writable(evutil_socket_t fd, short what, void *conn);
/* Sends a line; NULL ends the connection, because a line is missing. */
void conn_send_shared(struct conn *conn, struct shared_text *text);
/* The same for what the peer did not ask for: where a patient connection has no room, it is dropped and
 * counted, and the count is sent as soon as there is room. */
void conn_notify_shared(struct conn *conn, struct shared_text *text);
/* Sends a text as a line; takes it. */
void conn_send_text(struct conn *conn, char *text);
/* Sends an object as a line; takes the reference. */
void conn_send_line(struct conn *conn, json_t *object);

/* Answers by a stream, which it takes.  Nothing more is read until all is told: what the peer sends
 * waits in the kernel. */
void conn_begin_stream(struct conn *conn, json_t *id, struct reply_stream *stream);
/* Tells the next bit of it; false when the peer is to take what waits first, or it has ended. */
bool conn_tell_part(struct conn *conn);

void conn_watch(struct conn *conn, json_t *params, struct command_reply *reply);
/* Ends all its watches; how many there were. */
int conn_unwatch_all(struct conn *conn);

#endif
