/*
 * service: the services that daemons monitor, and the calls to them.
 *
 * Daemons that name the same service with the same options share one struct service and its
 * queue of calls. At most one call of a service is in flight. A query joins a query that is in
 * flight; a restart waits in the queue. Two names of one systemd unit also share a restart. A
 * reply callback is never called from within service_ask.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "service/service_call.h"
#include "service/service_observers.h"

struct loop;
struct worker_pool;
struct services;

struct services *services_new(struct loop *loop, struct worker_pool *worker_pool);
/* All services must be closed before. */
void services_free(struct services *services);

/* Sets which services are never restarted (globs, terminated by NULL, copied), and that all
 * services together are restarted at most count times per so many seconds (0: no limit). */
void services_set_policy(
	struct services *services, const char *const *deny, unsigned count, double seconds);

/* Counters: how status queries were answered. */
struct service_counts {
	uint64_t cached;  /* immediately, from the cached status */
	uint64_t workers; /* by a worker; includes restarts */
	uint64_t batched; /* over the loop's connection to systemd, many units in one call */
	uint64_t calls;   /* the number of these calls */
	uint64_t signals; /* changes signalled by systemd that invalidated a cached status */
};
void services_counts(const struct services *services, struct service_counts *counts);

/* Sets for how many seconds a package upgrade may keep a service stopped before vigild starts it
 * anyway; 0: vigild does not check for upgrades. */
void services_set_upgrade_wait(struct services *services, double seconds);

/* Opens a service, or returns another reference to one that is open. Returns NULL and sets
 * errno: EINVAL if the name is not valid, ENOTSUP if the manager is not available in this build. */
struct service *service_open(struct services *services, const vigil_service_spec *spec);
void service_close(struct service *service);
const char *service_name(const struct service *service);

/* Queries or restarts the service; fn gets the reply. Returns NULL and sets errno on failure:
 * EAGAIN if the queue is full, ECANCELED if vigild is stopping. The call is freed before fn
 * runs. */
struct service_call *service_ask(
	struct service *service, enum service_verb verb, service_reply_fn *fn, void *arg);
/* Cancels and frees the call; fn does not run. NULL is allowed. */
void service_cancel(struct service_call *call);

/* fn is called when a query finds a status that differs from the previous one, whichever daemon
 * requested the query. */
struct service_observer *service_on_change(
	struct service *service, service_reply_fn *fn, void *arg);
/* fn is called as soon as the service's process exits or its manager signals a change, before
 * any query. The reply is the cached status; its text is the event ("" if the event is not worth
 * a message). */
struct service_observer *service_on_stale(struct service *service, service_reply_fn *fn, void *arg);

#endif
