/*
 * service_inside: a service and its calls, for the files that share them: service.c, where calls
 * come in, service_flight.c, where they are answered, and service_sight.c, which knows what need
 * not be asked.
 */
#ifndef SERVICE_INSIDE_H
#define SERVICE_INSIDE_H

#include <sys/queue.h>

#include "service/policy.h"
#include "service/request.h"
#include "service/service.h"

struct loop_timer;
struct sight;
struct systemd_view;
struct systemd_watch;

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
	bool proven;            /* its last call came back in time */
	bool doubt;             /* what is known may be wrong: something was seen or heard since */
	bool sign_waits;        /* to be told when the flight has landed */
	enum service_verb verb; /* of the flight */
	uint64_t departed;      /* when it began */
	struct known known;
	uint64_t yields;           /* since when it is left alone for an upgrade; 0: it is not */
	struct sight *sight;       /* on the process of the last look; NULL: none */
	struct systemd_view *view; /* on the unit, where systemd runs it; NULL: it does not */
	pid_t dead;                /* whose end was told of last, and how often in a row */
	unsigned deaths;
	struct loop_timer *again; /* for a manager that has not yet noticed a death */
	TAILQ_HEAD(watch_list, service_watch) watches, signs;
	TAILQ_ENTRY(service) link;
};

struct services {
	struct loop *loop;
	struct offload *offload;
	struct systemd_watch *watch; /* NULL: built without systemd */
	TAILQ_HEAD(, service) all;
	struct call_list soon; /* answered without asking, on the loop's next turn */
	struct loop_timer *soon_timer;
	struct policy policy;
	struct service_counts counts;
};

/* The last reference, be it an opener's or the flight's, frees it. */
void service_unref(struct service *service);
/* Takes a call off its list and frees it. */
void service_call_end(struct service_call *call);
/* Sets out to ask, where nothing is under way.  0, or -EAGAIN: the queue is full. */
int service_depart_now(struct service *service, enum service_verb verb);
/* systemd's answer, or NULL: a worker is to ask. */
void service_on_answer(const struct manager_reply *answer, void *service);

/* A reply that says nothing yet. */
vigil_service_reply service_reply_of(const struct service *service);
/* What the last look found, as a reply. */
vigil_service_reply service_known_reply(const struct service *service);
/* Whether asking its manager would tell us anything. */
bool service_is_known(const struct service *service);
/* Takes in what a look has found, and tells of a change. */
void service_learn(struct service *service, const vigil_service_reply *reply);
/* Something changed while a call was under way: told now that it has landed. */
void service_sign_late(struct service *service);
void service_sight_close(struct service *service);

#endif
