/*
 * site: what the files of http share: one struct for each daemon, and for each request.
 */
#ifndef SITE_H
#define SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <vigil/vigil.h>

#include "framing.h"

struct bufferevent;
struct event_base;
struct evhttp_request;
struct changes;
struct door;
struct guest;
struct refusal_log;
struct reply;
struct share;
struct stream;
struct tls;

struct limits {
	unsigned guests;   /* connections at a time */
	unsigned watchers; /* of them with /v1/changes */
	size_t watcher_buffer;
	struct framing_limits framing;
	double arrive; /* how long a request may take to arrive, and none to come at all */
	double depart; /* how long an answer may take to be fetched */
	double heartbeat;
	size_t values; /* numbers of daemons among the metrics */
};

struct site {
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
	TAILQ_HEAD(, door) doors;
	LIST_HEAD(, guest) guests;   /* the newest first */
	TAILQ_HEAD(, reply) replies; /* those with more to make */
	LIST_HEAD(, share) shares;   /* of the peers, see admission.c */
	unsigned guest_count;
	bool doors_shut; /* all seats are taken, or there was no descriptor left */
};

/* One request under way, on the stack of whoever handles it. */
struct visit {
	struct site *site;
	struct guest *guest;
	struct evhttp_request *req;
	bool head;        /* the method is HEAD */
	const char *rest; /* of the decoded path, after the route's own */
};

#endif
