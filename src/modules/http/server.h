/*
 * server: the structs that the files of this module share: one server for each daemon, and one
 * request for each request.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <vigil/vigil.h>

#include "framing.h"

struct bufferevent;
struct event_base;
struct evhttp_request;
struct changes;
struct listener;
struct connection;
struct refusal_log;
struct reply;
struct share;
struct stream;
struct tls;

struct limits {
	unsigned connections; /* open connections */
	unsigned watchers;    /* connections with /v1/changes, and open status pages */
	size_t watcher_buffer;
	struct framing_limits framing;
	double arrive; /* seconds that a request may take to arrive, or a connection may be idle */
	double depart; /* seconds that the client may take to read a reply */
	double heartbeat;
	size_t values; /* the most numbers of daemons in the metrics */
};

struct server {
	vigil_daemon *d;
	struct event_base *base;
	struct limits limits;
	const char *const *hosts;
	const char *token_file; /* NULL: no token is needed */
	bool token_failed;      /* it was logged that the file cannot be read */
	bool values_cut;        /* it was logged that there are more numbers than limits.values */
	struct tls *tls;        /* NULL: no TLS */
	struct changes *changes;
	struct stream *stream;
	struct refusal_log *refusals;
	TAILQ_HEAD(, listener) listeners;
	LIST_HEAD(, connection) connections; /* the newest first */
	TAILQ_HEAD(, reply) replies; /* the queue of reply.c: replies that have more slices */
	LIST_HEAD(, share) shares;   /* one for each peer, see connection_admission.c */
	unsigned connection_count;
	bool accept_paused; /* there is no room for a connection, or accept failed */
	/* Called for each request. listener: the struct listener that accepted the connection. */
	void (*on_request)(struct evhttp_request *req, void *listener);
	/* Called when there is room for a connection again; set by listener.c. */
	void (*on_room)(struct server *server);
};

/* One request while it is handled.  It is on the stack of on_request. */
struct request {
	struct server *server;
	struct connection *connection;
	struct evhttp_request *req;
	bool head;        /* the method is HEAD */
	const char *rest; /* the decoded path after the path of the route */
};

#endif
