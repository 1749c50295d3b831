/*
 * connection_internal: the struct of a connection, which connection.c and connection_admission.c
 * share.
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
	double since; /* when the phase began, as vigil_now has it */
	connection_gone_fn *gone;
	void *gone_arg;
	struct framing *framing;
	struct evbuffer *unread; /* bytes that framing has not read yet; owned */
	bool answering;          /* evhttp has a request and has not answered it */
	bool handing;            /* connection.c itself changes the input; on_input ignores that */
	bool finished;           /* no further request is read from this connection */
	bool overrun;            /* the client sent more than UNREAD_MAX ahead of the replies */
	struct share *share;     /* the share of its peer; NULL: not looked up yet */
	bool extra;              /* exceeds connections_max: only /healthz is answered */
	LIST_ENTRY(connection) link;
};

/* Closes connections until no more than connections_max are left, or marks the newest one as extra.
 * Called after a connection was accepted, and before its first request is answered. */
void admission_settle(struct server *server);
/* Removes the connection from the share of its peer, because the connection ends. */
void admission_forget(struct connection *connection);

/* Frees the connections that have ended, and accepts connections again if there is room. */
void connection_clear_away(struct server *server);

#endif
