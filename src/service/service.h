/*
 * service: the services that are watched, and the calls to them.
 *
 * Daemons that name the same service share one struct service, and with it its calls: at most one
 * is in flight, a query joins the one in flight, a restart waits for its turn.  Two names of one unit
 * of systemd share a restart, too.  A reply never comes inside the call that asked.
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
/* All services must be closed. */
void services_free(struct services *services);

/* What is never restarted: globs, ended by NULL (copied), and at most count restarts in so
 * many seconds, all services together (0: no limit). */
void services_set_policy(
	struct services *services, const char *const *deny, unsigned count, double seconds);

/* How status queries were answered. */
struct service_counts {
	uint64_t cached;  /* at once, from the cached status */
	uint64_t workers; /* by a worker; restarts are counted, too */
	uint64_t batched; /* over the loop's connection to systemd, many units in one call */
	uint64_t calls;   /* in so many calls */
	uint64_t signals; /* changes that systemd signalled, and that were news */
};
void services_counts(const struct services *services, struct service_counts *counts);

/* How long an upgrade of packages may keep a service stopped before it is started all the same;
 * 0: upgrades are not looked for. */
void services_set_upgrade_wait(struct services *services, double seconds);

/* Opens, or joins the one open already.  NULL and errno: EINVAL the name is not fit, ENOTSUP
 * the manager is not known here. */
struct service *service_open(struct services *services, const vigil_service_spec *spec);
void service_close(struct service *service);
const char *service_name(const struct service *service);

/* NULL and errno (EAGAIN: the queue is full; ECANCELED: the host is stopping).  The call is gone
 * once fn has run. */
struct service_call *service_ask(
	struct service *service, enum service_verb verb, service_reply_fn *fn, void *arg);
/* fn will not run. */
void service_cancel(struct service_call *call);

/* Called when a query, whoever asked for it, finds another status than the one before. */
struct service_observer *service_on_change(
	struct service *service, service_reply_fn *fn, void *arg);
/* Called at once when its process has ended or its manager signals a change, before any query: the
 * reply is the cached status, its text what was seen ("" where that is no news). */
struct service_observer *service_on_stale(struct service *service, service_reply_fn *fn, void *arg);

#endif
