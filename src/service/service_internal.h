/*
 * service_internal: the structs of service.c, for itself and for its test.
 */
#ifndef SERVICE_INTERNAL_H
#define SERVICE_INTERNAL_H

#include "service/policy.h"
#include "service/service.h"
#include "service/service_answers.h"
#include "service/service_monitor.h"
#include "service/service_observers.h"
#include "service/service_queue.h"

struct service {
	struct services *services;
	unsigned refs;                  /* those who opened it, and the call in flight */
	struct manager_request request; /* what each job gets a copy of */
	struct service_queue queue;
	struct service_monitor monitor;
	bool ran;           /* it was seen running, so its death is not expected */
	bool responsive;    /* its last call came back in time */
	uint64_t sent;      /* when the call in flight went out */
	uint64_t restarted; /* when it was restarted last; 0: never */
	uint64_t deferred;  /* since when it is left alone for a package manager; 0: it is not */
	struct observer_list on_change, on_stale;
	TAILQ_ENTRY(service) link;
};

struct services {
	struct loop *loop;
	struct worker_pool *worker_pool;
	struct unit_monitor *units; /* NULL: built without systemd */
	TAILQ_HEAD(, service) all;
	struct service_answers answers; /* that need no call */
	struct policy policy;
	struct service_counts counts;
};

#endif
