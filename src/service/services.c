/*
 * services: see services.h. This file creates and frees what all services share; most of the rest
 * is passed on to the part that it is about.
 */
#include "service/services.h"

#include <stdlib.h>

#include "base/memory.h"
#include "service/service_internal.h"

static vigil_service_reply cached_reply(const struct service *service)
{
	return service_monitor_reply(&service->monitor);
}

struct services *services_new(struct loop *loop, struct worker_pool *worker_pool)
{
	struct services *services = memory_zero(sizeof(*services));

	services->loop = loop;
	services->worker_pool = worker_pool;
	services->units = unit_monitor_new(loop);
	TAILQ_INIT(&services->all);
	services_list_init(&services->list, loop, worker_pool);
	services_changes_init(&services->changes, loop, services->units);
	service_answers_init(&services->answers, loop, cached_reply);
	return services;
}

void services_free(struct services *services)
{
	struct service *service;

	if (services == NULL)
		return;
	/* The remaining services had a call in flight when the worker pool was freed; it will
	 * not complete. */
	while ((service = TAILQ_FIRST(&services->all)) != NULL) {
		service->refs = 1;
		service_close(service);
	}
	services_changes_clear(&services->changes);
	unit_monitor_free(services->units);
	services_list_clear(&services->list);
	service_answers_clear(&services->answers);
	policy_clear(&services->policy);
	free(services);
}

void services_set_policy(
	struct services *services, const char *const *deny, unsigned count, double seconds)
{
	policy_set(&services->policy, deny, count, seconds);
}

bool services_deny(const struct services *services, const char *name)
{
	return policy_denies(&services->policy, name);
}

void services_set_upgrade_wait(struct services *services, double seconds)
{
	services->policy.upgrade_wait = seconds;
}

void services_counts(const struct services *services, struct service_counts *counts)
{
	struct unit_monitor_counts units = {0};

	if (services->units != NULL)
		unit_monitor_counts(services->units, &units);
	*counts = services->counts;
	counts->batched = units.queries;
	counts->calls = units.messages;
	counts->signals = units.signals;
}

struct services_list_call *services_list(
	struct services *services, const struct services_list_request *request)
{
	return services_list_start(&services->list, request);
}

struct services_observer *services_on_change(
	struct services *services, services_change_fn *fn, void *arg)
{
	return services_changes_observe(&services->changes, fn, arg);
}
