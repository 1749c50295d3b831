/*
 * service: one request at a time to one service.
 *
 * Calls wait in the order they came.  A flight takes the first of them and every other that
 * the same answer serves: queries up to the next restart, or restarts.  The flight's job holds
 * copies of all a worker needs, and a reference to the service, so a service may be closed and
 * its calls cancelled while a worker is still asking.
 *
 * What vigild will not do whoever asks (policy.c) is refused here, and such a refusal is a reply
 * like any other.
 */
#include "service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "clock.h"
#include "loop.h"
#include "manager.h"
#include "memory.h"
#include "offload.h"
#include "policy.h"
#include "request.h"

#define QUERY_TIMEOUT   10.0
#define RESTART_TIMEOUT 90.0

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
	service_reply_fn *fn;
	void *arg;
	TAILQ_ENTRY(service_watch) link;
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
	vigil_service_status status;
	bool seen; /* there was a look */
	TAILQ_HEAD(, service_watch) watches;
	TAILQ_ENTRY(service) link;
};

struct services {
	struct loop *loop;
	struct offload *offload;
	TAILQ_HEAD(, service) all;
	struct call_list refused;
	struct loop_timer *refusals;
	struct policy policy;
};

/* What travels to a worker and back. */
struct job {
	enum service_verb verb;
	struct manager_request request;
	struct manager_reply reply;
	double seconds;
};

static void depart(struct service *service);

/* --- the job: on a worker ------------------------------------------------------------------------ */

static void job_work(void *arg, uint64_t deadline)
{
	struct job *job = arg;
	uint64_t begun = clock_now();

	job->request.deadline = deadline;
	if (job->verb == SERVICE_RESTART)
		manager_restart(&job->request, &job->reply);
	else
		manager_query(&job->request, &job->reply);
	job->seconds = clock_to_seconds(clock_now() - begun);
}

static void job_free(void *arg)
{
	struct job *job = arg;

	request_clear(&job->request);
	free(job);
}

/* --- replies --------------------------------------------------------------------------------------- */

static void service_unref(struct service *service)
{
	if (--service->refs > 0)
		return;
	TAILQ_REMOVE(&service->services->all, service, link);
	request_clear(&service->request);
	free(service);
}

static vigil_service_reply reply_of(const struct service *service)
{
	return (vigil_service_reply){.size = sizeof(vigil_service_reply),
		.name = service->request.name,
		.manager = "",
		.text = ""};
}

static void call_end(struct service_call *call)
{
	TAILQ_REMOVE(call->list, call, link);
	free(call);
}

/* Calls back each in the list.  A callback may cancel others of them, or ask anew: what it asks
 * must not be answered by this reply, so those to be answered leave their list first. */
static void answer(
	struct service *service, struct call_list *list, const vigil_service_reply *reply)
{
	struct service_call *call;
	service_reply_fn *fn;
	void *arg;

	TAILQ_FOREACH(call, list, link)
	call->list = &service->landed;
	TAILQ_CONCAT(&service->landed, list, link);
	while ((call = TAILQ_FIRST(&service->landed)) != NULL) {
		fn = call->fn;
		arg = call->arg;
		call_end(call);
		fn(reply, arg);
	}
}

static void tell_watchers(struct service *service, const vigil_service_reply *reply)
{
	struct service_watch *watch, *next;
	bool changed = !service->seen || service->status != reply->status;

	service->seen = true;
	service->status = reply->status;
	if (!changed)
		return;
	for (watch = TAILQ_FIRST(&service->watches); watch != NULL; watch = next) {
		next = TAILQ_NEXT(watch, link);
		watch->fn(reply, watch->arg);
	}
}

static vigil_service_reply reply_of_job(const struct service *service, const struct job *job)
{
	vigil_service_reply reply = reply_of(service);

	reply.manager = job->reply.manager != NULL ? job->reply.manager->name : "";
	reply.status = job->reply.status;
	reply.error = job->reply.error;
	reply.fault = job->reply.fault;
	reply.text = job->reply.text;
	reply.pid = job->reply.pid;
	reply.seconds = job->seconds;
	reply.start_limit = job->reply.start_limit;
	reply.respawns = job->reply.respawns;
	return reply;
}

static void arrive(void *cookie, void *arg, int outcome)
{
	struct service *service = cookie;
	vigil_service_reply reply = reply_of(service);

	service->in_flight = false;
	if (outcome == 0) {
		reply = reply_of_job(service, arg);
		service->proven = reply.fault != VIGIL_FAULT_TIMEOUT;
	} else {
		reply.error = outcome;
		reply.fault = outcome == -ETIMEDOUT ? VIGIL_FAULT_TIMEOUT : VIGIL_FAULT_FAILED;
		reply.text = outcome == -ETIMEDOUT ? "no answer, not even after the deadline"
						   : "not asked: vigild is stopping";
		service->proven = false;
	}
	if (outcome != -ECANCELED)
		tell_watchers(service, &reply);
	answer(service, &service->flying, &reply);
	depart(service);
	service_unref(service);
}

/* --- flights ------------------------------------------------------------------------------------------ */

static void board(struct service *service)
{
	struct service_call *call, *next;

	for (call = TAILQ_FIRST(&service->waiting); call != NULL; call = next) {
		next = TAILQ_NEXT(call, link);
		if (call->verb != service->verb)
			break;
		TAILQ_REMOVE(&service->waiting, call, link);
		TAILQ_INSERT_TAIL(&service->flying, call, link);
		call->list = &service->flying;
	}
}

static int submit(struct service *service, enum service_verb verb)
{
	double timeout =
		verb == SERVICE_RESTART ? service->restart_timeout : service->query_timeout;
	struct job *job = memory_zero(sizeof(*job));
	const struct offload_job offer = {.work = job_work,
		.done = arrive,
		.free = job_free,
		.job = job,
		.cookie = service,
		.timeout = clock_from_seconds(timeout),
		.slow = !service->proven};
	int err;

	job->verb = verb;
	request_copy(&job->request, &service->request);
	err = offload_submit(service->services->offload, &offer);
	if (err != 0) {
		job_free(job);
		return err;
	}
	service->verb = verb;
	service->in_flight = true;
	service->refs++;
	return 0;
}

/* Sets out with what waits, where nothing is under way. */
static void depart(struct service *service)
{
	struct service_call *first = TAILQ_FIRST(&service->waiting);
	vigil_service_reply reply;
	int err;

	if (first == NULL || service->in_flight)
		return;
	err = submit(service, first->verb);
	if (err == 0) {
		board(service);
		return;
	}
	/* These waited behind a call and now find the queue full. */
	reply = reply_of(service);
	reply.status = service->status;
	reply.error = err;
	reply.fault = VIGIL_FAULT_REFUSED;
	reply.text = "the queue of calls is full";
	answer(service, &service->waiting, &reply);
}

/* --- what is not done, whoever asks --------------------------------------------------------- */

static const char *refusal(struct service *service, enum service_verb verb)
{
	if (verb != SERVICE_RESTART)
		return NULL;
	if (policy_denies(&service->services->policy, service->request.name))
		return "the configuration denies restarting it";
	/* Joining a restart under way costs none. */
	if (service->in_flight && service->verb == SERVICE_RESTART)
		return NULL;
	if (!policy_take_restart(&service->services->policy))
		return "restart_rate is used up, all services together";
	return NULL;
}

static void on_refusals(uint64_t missed, void *arg)
{
	struct services *services = arg;
	struct service_call *call;
	struct service_call copy;
	vigil_service_reply reply;

	while ((call = TAILQ_FIRST(&services->refused)) != NULL) {
		copy = *call;
		call_end(call);
		reply = reply_of(copy.service);
		reply.status = copy.service->status;
		reply.error = -EPERM;
		reply.fault = VIGIL_FAULT_REFUSED;
		reply.text = copy.refusal;
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
	if (call->refusal != NULL) {
		call_enter(call, &services->refused);
		loop_timer_again(services->refusals, 0);
		return call;
	}
	if (service->in_flight && service->verb == verb && TAILQ_EMPTY(&service->waiting)) {
		call_enter(call, &service->flying);
		return call;
	}
	if (!service->in_flight) {
		err = submit(service, verb);
		if (err != 0) {
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
		call_end(call);
}

struct service_watch *service_watch(struct service *service, service_reply_fn *fn, void *arg)
{
	struct service_watch *watch = memory_zero(sizeof(*watch));

	*watch = (struct service_watch){.service = service, .fn = fn, .arg = arg};
	TAILQ_INSERT_TAIL(&service->watches, watch, link);
	return watch;
}

void service_unwatch(struct service_watch *watch)
{
	if (watch == NULL)
		return;
	TAILQ_REMOVE(&watch->service->watches, watch, link);
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
	service->query_timeout = full.query_timeout > 0 ? full.query_timeout : QUERY_TIMEOUT;
	service->restart_timeout =
		full.restart_timeout > 0 ? full.restart_timeout : RESTART_TIMEOUT;
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
	TAILQ_INIT(&services->all);
	TAILQ_INIT(&services->refused);
	services->refusals = loop_after(loop, 0, on_refusals, services);
	if (services->refusals == NULL) {
		free(services);
		return NULL;
	}
	loop_timer_stop(services->refusals);
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
	loop_timer_free(services->refusals);
	policy_clear(&services->policy);
	free(services);
}

void services_set_policy(
	struct services *services, const char *const *deny, unsigned count, double seconds)
{
	policy_set(&services->policy, deny, count, seconds);
}
