/*
 * connection_internal: a connection, for the files that look after it: connection.c, and admission.c, which says
 * who stays when all connections are taken.
 */
#ifndef CONNECTION_INTERNAL_H
#define CONNECTION_INTERNAL_H

#include <stdbool.h>
#include <sys/queue.h>

#include "connection.h"

struct bufferevent;
struct evbuffer;
struct framing;
struct share;

enum connection_phase {
	CONNECTION_ASKING,
	CONNECTION_ANSWERED,
	CONNECTION_STAYING,
	CONNECTION_LINGERING,
	CONNECTION_GONE
};

struct connection {
	struct server *server;
	struct bufferevent *bev;
	enum connection_phase phase;
	double since; /* of the phase */
	connection_gone_fn *gone;
	void *gone_arg;
	struct framing *framing;
	struct evbuffer *unread; /* bytes that framing has not read yet */
	bool answering;          /* evhttp has a request and has not answered it */
	bool handing;            /* it is being put into the input */
	bool finished;           /* no further request is read */
	bool overrun;            /* more was sent ahead than UNREAD_MAX */
	struct share *share;     /* of its peer; NULL: not looked up yet */
	bool extra;              /* beyond connections_max, for /healthz alone */
	LIST_ENTRY(connection) link;
};

/* Hangs up on those that have to make room, after a connection was accepted or before its first
 * request is answered. */
void admission_settle(struct server *server);
/* The connection ends. */
void admission_forget(struct connection *connection);

/* Frees those that have left. */
void connection_clear_away(struct server *server);

#endif
