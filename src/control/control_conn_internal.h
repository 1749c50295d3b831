/*
 * control_conn_internal: struct conn, for the files that share it. control_conn.c handles requests,
 * control_conn_send.c sends replies and notifications, and control_conn_watch.c handles watches.
 */
#ifndef CONTROL_CONN_INTERNAL_H
#define CONTROL_CONN_INTERNAL_H

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
struct pending;
struct watch;

/* The time in which a peer must read some part of a long reply, in ns. */
#define CONN_TAKE_TIME (30 * CLOCK_SECOND)

struct conn {
	struct host *host;
	struct control_client client;
	struct peer peer;
	int fd;
	struct event *readable, *writable;
	struct evbuffer *in, *out;
	struct reply_stream *stream; /* a reply being sent; the next request must wait; owned */
	/* A request whose reply is not complete; the next request must wait; owned. */
	struct pending *pending;
	json_t *pending_id;            /* of that request; NULL: it has none */
	bool acts;                     /* that request does more than read */
	struct evbuffer *later;        /* lines that wait for the end of the stream */
	struct loop_timer *line_timer; /* armed: incomplete line, or long reply that is not read */
	struct loop_timer *end_timer;  /* armed when the connection is to be closed */
	SLIST_HEAD(, watch) watches;
	unsigned watch_count;
	uint64_t last_active;
	bool half_closed;   /* the peer sends nothing more */
	bool patient;       /* connection of the console: never closed because it is slow */
	unsigned long lost; /* notifications dropped since the last one was sent */
	bool ending;
	conn_gone_fn *gone;
	void *gone_arg;
};

/* Closes the connection from a timer of the loop. */
void conn_end_soon(struct conn *conn);
void conn_flush(struct conn *conn);
void conn_on_writable(evutil_socket_t fd, short what, void *conn);
/* Sends a line. text NULL (out of memory): closes the connection, because a line would be
 * missing. */
void conn_send_shared(struct conn *conn, struct shared_text *text);
/* Sends a notification.  If a patient connection has no room, the notification is dropped and
 * counted, and the count is sent as soon as there is room. */
void conn_notify_shared(struct conn *conn, struct shared_text *text);
/* Sends a text as a line.  Takes ownership of the text. */
void conn_send_text(struct conn *conn, char *text);
/* Sends an object as a line.  Takes the reference. */
void conn_send_line(struct conn *conn, json_t *object);

/* Sends a stream as the reply and takes ownership of it.  No further request is read until the
 * whole stream is sent: the peer's data stays in the kernel's buffer. */
void conn_begin_stream(struct conn *conn, json_t *id, struct reply_stream *stream);
/* Queues the next piece of the stream.  False: the peer must first read what is waiting, the stream
 * is complete, or the connection is closing. */
bool conn_send_part(struct conn *conn);

void conn_watch(struct conn *conn, json_t *params, struct command_reply *reply);
/* Ends all watches of the connection.  Returns their number. */
int conn_unwatch_all(struct conn *conn);

#endif
