/*
 * service_internal: the structs of service.c, for service.c and its test.
 */
#ifndef SERVICE_INTERNAL_H
#define SERVICE_INTERNAL_H

#include "service/policy.h"
#include "service/service.h"
#include "service/service_answers.h"
#include "service/service_counts.h"
#include "service/service_monitor.h"
#include "service/service_observers.h"
#include "service/service_queue.h"
#include "service/services_changes.h"
#include "service/services_list.h"

struct service {
	struct services *services;
	unsigned refs;                  /* one per service_open, and one for the call in flight */
	struct manager_request request; /* each job gets a copy */
	struct service_queue queue;
	struct service_monitor monitor;
	bool ran;           /* it was found running before, so that its failure is unexpected */
	bool responsive;    /* its last call returned in time */
	bool lost;          /* its last call did not return at all */
	uint64_t sent;      /* when the call in flight was dispatched, by clock_now */
	uint64_t restarted; /* when it was last restarted; 0: never */
	uint64_t deferred;  /* since when a package upgrade defers its restart; 0: it does not */
	uint64_t deferred_well; /* the same for a restart that can wait; see service_deferred */
	struct observer_list on_change, on_stale;
	struct service_takers takers;
	TAILQ_ENTRY(service) link;
	LIST_ENTRY(service) bucket_link;
};

#define SERVICE_BUCKETS 1024

struct services {
	struct loop *loop;
	struct worker_pool *worker_pool;
	struct unit_monitor *units; /* NULL: built without systemd */
	TAILQ_HEAD(, service) all;
	LIST_HEAD(service_bucket, service)
	buckets[SERVICE_BUCKETS];       /* the same, by the hash of the name */
	struct service_answers answers; /* calls that need no query */
	struct services_list list;
	struct services_changes changes;
	struct policy policy;
	struct service_counts counts;
};

#endif
