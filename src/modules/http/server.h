/*
 * server: what the files of http share: one struct for each daemon, and for each request.
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
	unsigned connections; /* connections at a time */
	unsigned watchers;    /* of them with /v1/changes */
	size_t watcher_buffer;
	struct framing_limits framing;
	double arrive; /* how long a request may take to arrive, and none to come at all */
	double depart; /* how long an answer may take to be fetched */
	double heartbeat;
	size_t values; /* numbers of daemons among the metrics */
};

struct server {
	vigil_daemon *d;
	struct event_base *base;
	struct limits limits;
	const char *const *hosts;
	const char *token_file; /* NULL: none is asked for */
	bool token_failed;      /* it was said that it cannot be read any more */
	bool values_cut;        /* it was said that there are more numbers than limits.values */
	struct tls *tls;        /* NULL: in clear */
	struct changes *changes;
	struct stream *stream;
	struct refusal_log *refusals;
	TAILQ_HEAD(, listener) listeners;
	LIST_HEAD(, connection) connections; /* the newest first */
	TAILQ_HEAD(, reply) replies;         /* those with more to make */
	LIST_HEAD(, share) shares;           /* of the peers, see admission.c */
	unsigned connection_count;
	bool accept_paused; /* all seats are taken, or there was no descriptor left */
};

/* One request under way, on the stack of whoever handles it. */
struct request {
	struct server *server;
	struct connection *connection;
	struct evhttp_request *req;
	bool head;        /* the method is HEAD */
	const char *rest; /* of the decoded path, after the route's own */
};

#endif
