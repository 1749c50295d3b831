/*
 * service: one request at a time to one service.
 *
 * Calls wait in the order they came, and at most one is under way (service_flight.c).
 *
 * What vigild will not do whoever asks (policy.c) is refused here, and such a refusal is a reply
 * like any other.
 */
#include "service/service_inside.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loop/loop.h"
#include "service/shutdown.h"
#include "service/systemd_watch.h"

#define QUERY_TIMEOUT   10.0
#define RESTART_TIMEOUT 90.0
#define TIMEOUT_MAX     86400.0

/* --- what is not done, whoever asks --------------------------------------------------------- */

/* Whether a restart asked for now goes along with one that is counted already. */
static bool goes_along(const struct service *service)
{
	const struct service_call *last = TAILQ_LAST(&service->waiting, call_list);

	if (last != NULL)
		return last->verb == SERVICE_RESTART;
	return service->in_flight && service->verb == SERVICE_RESTART;
}

static const char *refusal(struct service *service, enum service_verb verb)
{
	const char *why = NULL;

	if (verb != SERVICE_RESTART)
		return NULL;
	if (policy_denies(&service->services->policy, service->request.name))
		return "the configuration denies restarting it";
	why = shutdown_announced("");
	if (why == NULL && service->known.status == VIGIL_SERVICE_STOPPED)
		why = policy_yields(&service->services->policy, &service->yields);
	if (why != NULL)
		return why;
	if (goes_along(service))
		return NULL;
	if (!policy_take_restart(&service->services->policy))
		return "restart_rate is used up, all services together";
	return NULL;
}

/* --- answers that nobody need be asked for ----------------------------------------------------- */

static void on_soon(uint64_t missed, void *arg)
{
	struct services *services = arg;
	struct service_call *call, copy;
	struct call_list now = TAILQ_HEAD_INITIALIZER(now);
	vigil_service_reply reply;

	/* Who asks anew from a callback waits for the next turn. */
	TAILQ_CONCAT(&now, &services->soon, link);
	TAILQ_FOREACH(call, &now, link)
	call->list = &now;
	while ((call = TAILQ_FIRST(&now)) != NULL) {
		copy = *call;
		service_call_end(call);
		reply = service_known_reply(copy.service);
		if (copy.refusal != NULL) {
			reply.error = -EPERM;
			reply.fault = VIGIL_FAULT_REFUSED;
			reply.text = copy.refusal;
		}
		copy.fn(&reply, copy.arg);
	}
}

/* --- asking ---------------------------------------------------------------------------------------------------- */

static struct service_call *call_new(
	struct service *service, enum service_verb verb, service_reply_fn *fn, void *arg)
{
	struct service_call *call = memory_zero(sizeof(*call));

	*call = (struct service_call){.service = service, .verb = verb, .fn = fn, .arg = arg};
	return call;
}

static void call_enter(struct service_call *call, struct call_list *list)
{
	call->list = list;
	TAILQ_INSERT_TAIL(list, call, link);
}

struct service_call *service_ask(
	struct service *service, enum service_verb verb, service_reply_fn *fn, void *arg)
{
	struct services *services = service->services;
	struct service_call *call = call_new(service, verb, fn, arg);
	int err;

	LOOP_ASSERT_OWNER();
	call->refusal = refusal(service, verb);
	if (call->refusal != NULL ||
		(verb == SERVICE_QUERY && !service->in_flight && service_is_known(service))) {
		services->counts.known += call->refusal == NULL;
		if (TAILQ_EMPTY(&services->soon)) /* else it is set already */
			loop_timer_again(services->soon_timer, 0);
		call_enter(call, &services->soon);
		return call;
	}
	if (service->in_flight && service->verb == verb && TAILQ_EMPTY(&service->waiting)) {
		call_enter(call, &service->flying);
		return call;
	}
	/* Nobody overtakes those who wait for the end of what is being told. */
	if (!service->in_flight && TAILQ_EMPTY(&service->waiting)) {
		err = service_depart_now(service, verb);
		if (err != 0) {
			if (verb == SERVICE_RESTART)
				policy_return_restart(&services->policy);
			free(call);
			errno = -err;
			return NULL;
		}
		call_enter(call, &service->flying);
		return call;
	}
	call_enter(call, &service->waiting);
	return call;
}

void service_cancel(struct service_call *call)
{
	if (call != NULL)
		service_call_end(call);
}

static struct service_watch *watch_new(struct watch_list *list, service_reply_fn *fn, void *arg)
{
	struct service_watch *watch = memory_zero(sizeof(*watch));

	*watch = (struct service_watch){.list = list, .fn = fn, .arg = arg};
	TAILQ_INSERT_TAIL(list, watch, link);
	return watch;
}

struct service_watch *service_watch(struct service *service, service_reply_fn *fn, void *arg)
{
	return watch_new(&service->watches, fn, arg);
}

struct service_watch *service_watch_signs(struct service *service, service_reply_fn *fn, void *arg)
{
	return watch_new(&service->signs, fn, arg);
}

void service_unwatch(struct service_watch *watch)
{
	if (watch == NULL)
		return;
	TAILQ_REMOVE(watch->list, watch, link);
	free(watch);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static struct service *find_equal(struct services *services, const struct service *like)
{
	struct service *service;

	TAILQ_FOREACH(service, &services->all, link)
	if (request_equal(&service->request, &like->request) &&
		service->query_timeout == like->query_timeout &&
		service->restart_timeout == like->restart_timeout)
		return service;
	return NULL;
}

struct service *service_open(struct services *services, const vigil_service_spec *spec)
{
	vigil_service_spec full = {0};
	struct service *service, *open;
	int err;

	LOOP_ASSERT_OWNER();
	/* A module compiled against an older header knows fewer fields. */
	memcpy(&full, spec, spec->size < sizeof(full) ? spec->size : sizeof(full));
	service = memory_zero(sizeof(*service));
	err = request_from_spec(&service->request, &full);
	if (err != 0) {
		free(service);
		errno = -err;
		return NULL;
	}
	service->query_timeout =
		full.query_timeout > 0 ? fmin(full.query_timeout, TIMEOUT_MAX) : QUERY_TIMEOUT;
	service->restart_timeout = full.restart_timeout > 0
					   ? fmin(full.restart_timeout, TIMEOUT_MAX)
					   : RESTART_TIMEOUT;
	open = find_equal(services, service);
	if (open != NULL) {
		request_clear(&service->request);
		free(service);
		open->refs++;
		return open;
	}
	service->services = services;
	service->refs = 1;
	TAILQ_INIT(&service->waiting);
	TAILQ_INIT(&service->flying);
	TAILQ_INIT(&service->landed);
	TAILQ_INIT(&service->watches);
	TAILQ_INIT(&service->signs);
	TAILQ_INSERT_TAIL(&services->all, service, link);
	return service;
}

void service_close(struct service *service)
{
	if (service != NULL)
		service_unref(service);
}

const char *service_name(const struct service *service)
{
	return service->request.name;
}

struct services *services_new(struct loop *loop, struct offload *offload)
{
	struct services *services = memory_zero(sizeof(*services));

	services->loop = loop;
	services->offload = offload;
	services->watch = systemd_watch_new(loop);
	TAILQ_INIT(&services->all);
	TAILQ_INIT(&services->soon);
	services->soon_timer = loop_after(loop, 0, on_soon, services);
	if (services->soon_timer == NULL) {
		systemd_watch_free(services->watch);
		free(services);
		return NULL;
	}
	loop_timer_stop(services->soon_timer);
	return services;
}

void services_free(struct services *services)
{
	struct service *service;

	if (services == NULL)
		return;
	/* What is left was in flight when the pool went: no answer will come for it. */
	while ((service = TAILQ_FIRST(&services->all)) != NULL) {
		service->refs = 1;
		service_unref(service);
	}
	systemd_watch_free(services->watch);
	loop_timer_free(services->soon_timer);
	policy_clear(&services->policy);
	free(services);
}

void services_set_policy(
	struct services *services, const char *const *deny, unsigned count, double seconds)
{
	policy_set(&services->policy, deny, count, seconds);
}

void services_counts(const struct services *services, struct service_counts *counts)
{
	struct systemd_watch_counts watch = {0};

	if (services->watch != NULL)
		systemd_watch_counts(services->watch, &watch);
	*counts = services->counts;
	counts->batched = watch.looks;
	counts->messages = watch.messages;
	counts->signs = watch.signs;
}

void services_set_upgrade_wait(struct services *services, double seconds)
{
	services->policy.upgrade_wait = seconds;
}
