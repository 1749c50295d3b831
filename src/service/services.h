/*
 * services: what all services of a vigild share: the policy of restarts, the connection to systemd,
 * the counters, and the list of the services of the machine. service.h has the calls to one
 * service.
 */
#ifndef SERVICES_H
#define SERVICES_H

#include <stdbool.h>

#include "service/service_counts.h"
#include "service/services_changes.h"
#include "service/services_list.h"

struct loop;
struct worker_pool;
struct services;

struct services *services_new(struct loop *loop, struct worker_pool *worker_pool);
/* All services must be closed before. */
void services_free(struct services *services);

/* Sets which services are never restarted, started or stopped (globs, terminated by NULL, copied),
 * and that all services together are restarted at most count times per so many seconds (0: no
 * limit). */
void services_set_policy(
	struct services *services, const char *const *deny, unsigned count, double seconds);

/* Whether the policy forbids to restart a service of this name. */
bool services_deny(const struct services *services, const char *name);

/* How status queries were answered. */
void services_counts(const struct services *services, struct service_counts *counts);

/* Lists the services of the machine; see services_list.h. */
struct services_list_call *services_list(
	struct services *services, const struct services_list_request *request);

/* Reports changes of the set of services; see services_changes.h. */
struct services_observer *services_on_change(
	struct services *services, services_change_fn *fn, void *arg);

/* Sets for how many seconds a package upgrade may keep a service stopped before vigild starts it
 * anyway; 0: vigild does not check for upgrades. */
void services_set_upgrade_wait(struct services *services, double seconds);

#endif
