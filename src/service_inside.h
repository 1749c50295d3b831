/*
 * service_inside: a service and its calls, for the two files that share them: service.c, where
 * calls come in, and service_flight.c, where they are answered.
 */
#ifndef SERVICE_INSIDE_H
#define SERVICE_INSIDE_H

#include <sys/queue.h>

#include "policy.h"
#include "request.h"
#include "service.h"

struct loop_timer;
struct sight;

struct service_call {
	struct service *service;
	enum service_verb verb;
	service_reply_fn *fn;
	void *arg;
	const char *refusal; /* static text; NULL: to be asked */
	TAILQ_ENTRY(service_call) link;
	struct call_list *list; /* the one it is in */
};

TAILQ_HEAD(call_list, service_call);

struct service_watch {
	struct service *service;
	struct watch_list *list;
	service_reply_fn *fn;
	void *arg;
	TAILQ_ENTRY(service_watch) link;
};

/* What the last look found. */
struct known {
	bool seen; /* there was a look */
	vigil_service_status status;
	const char *manager; /* static text */
	pid_t pid;
	uint32_t respawns;
	uint64_t when; /* by clock_now */
};

struct service {
	struct services *services;
	unsigned refs;                  /* those who opened it, and the flight */
	struct manager_request request; /* what each job gets a copy of */
	double query_timeout, restart_timeout;
	struct call_list waiting, flying, landed;
	bool in_flight;
	enum service_verb verb; /* of the flight */
	bool proven;            /* its last call came back in time */
	struct known known;
	struct sight *sight; /* on the process of the last look; NULL: none */
	pid_t dead;          /* whose end was told of last, and how often in a row */
	unsigned deaths;
	struct loop_timer *again; /* for a manager that has not yet noticed a death */
	TAILQ_HEAD(watch_list, service_watch) watches, signs;
	TAILQ_ENTRY(service) link;
};

struct services {
	struct loop *loop;
	struct offload *offload;
	TAILQ_HEAD(, service) all;
	struct call_list soon; /* answered without asking, on the loop's next turn */
	struct loop_timer *soon_timer;
	struct policy policy;
};

/* The last reference, be it an opener's or the flight's, frees it. */
void service_unref(struct service *service);
/* Takes a call off its list and frees it. */
void service_call_end(struct service_call *call);
/* Sends a worker to ask, where nothing is under way.  0, or -EAGAIN: the queue is full. */
int service_depart_now(struct service *service, enum service_verb verb);
/* Whether asking its manager would tell us anything: a process that is in sight lives. */
bool service_is_known(const struct service *service);
/* What the last look found, as a reply. */
vigil_service_reply service_known_reply(const struct service *service);

#endif
