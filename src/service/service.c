/*
 * service: see service.h. A query is answered from the cached status if that is valid
 * (service_monitor.c). Otherwise it goes to systemd over the loop's own connection, or to a worker.
 * The restart of a unit whose crash systemd's signals have proven goes over that connection, too;
 * any other restart, a start or a stop goes to a worker. The job of a worker has copies of all data
 * that it needs, and a reference to the service, so that the service may be closed and its calls
 * cancelled while the worker is still busy.
 *
 * A refused call (service_refusal.c) gets a reply like any other.
 */
#include "service/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "base/memory.h"
#include "base/text.h"
#include "loop/loop.h"
#include "service/job.h"
#include "service/request.h"
#include "service/service_internal.h"
#include "service/service_refusal.h"
#include "worker/worker_pool.h"

#define STOPPING "not asked: vigild is stopping"
/* A service that was restarted within this time counts as one that keeps failing. */
#define RETRY_WINDOW (600 * CLOCK_SECOND)

static void dispatch_next(struct service *service);

static void service_unref(struct service *service)
{
	if (--service->refs > 0)
		return;
	TAILQ_REMOVE(&service->services->all, service, link);
	LIST_REMOVE(service, bucket_link);
	service_monitor_clear(&service->monitor);
	request_clear(&service->request);
	free(service);
}

/* --- restarts, starts and stops --------------------------------------------------------------- */

/* Returns the service with another name of the same unit whose restart, start or stop (verb) is
 * already in flight; NULL if there is none. */
static struct service *find_same_change(const struct service *service, enum service_verb verb)
{
	const char *unit = service->monitor.cached.unit;
	struct service *other;

	if (unit == NULL || verb == SERVICE_QUERY)
		return NULL;
	TAILQ_FOREACH(other, &service->services->all, link)
		if (other != service && other->monitor.cached.unit != NULL &&
			service_queue_may_join(&other->queue, verb) &&
			strcmp(other->monitor.cached.unit, unit) == 0)
			return other;
	return NULL;
}

static enum restart_turn restart_turn(const struct service *service)
{
	if (service->restarted != 0 && clock_now() - service->restarted < RETRY_WINDOW)
		return TURN_AGAIN;
	return service->ran ? TURN_UNEXPECTED : TURN_FIRST;
}

static struct service_refusal refuse(struct service *service, enum service_verb verb)
{
	if (verb == SERVICE_QUERY)
		return (struct service_refusal){.why = NULL};
	return service_refusal(&(struct change_facts){.verb = verb,
		.policy = &service->services->policy,
		.name = service->request.name,
		.monitor = &service->monitor,
		.deferred = &service->deferred,
		.joins = service_queue_ends_with(&service->queue, verb),
		.turn = restart_turn(service)});
}

const char *service_deferred(struct service *service)
{
	return service_deferral(&service->services->policy, &service->deferred_well);
}

/* --- completing a call ------------------------------------------------------------------------ */

/* Holds a reference, because a callback may close the service together with the last observer. */
static void notify(
	struct service *service, struct observer_list *list, const vigil_service_reply *reply)
{
	service->refs++;
	service_observers_notify(list, reply);
	service_unref(service);
}

static void on_stale(const char *text, void *arg)
{
	struct service *service = arg;
	vigil_service_reply reply = service_monitor_reply(&service->monitor);

	reply.text = text;
	notify(service, &service->on_stale, &reply);
}

static void answer(struct service *service, vigil_service_reply reply)
{
	struct service_call *call;
	service_reply_fn *fn;
	void *arg;

	while ((call = service_queue_answered(&service->queue)) != NULL) {
		fn = call->fn;
		arg = call->arg;
		reply.name = call->service->request.name;
		service_call_free(call);
		fn(&reply, arg);
	}
}

/* Answers the callers, dispatches the next call and drops the reference of the completed call. */
static void complete(struct service *service, const vigil_service_reply *reply)
{
	service->refs++; /* because a callback may close the service */
	answer(service, *reply);
	dispatch_next(service);
	if (!service->queue.busy)
		service_monitor_end(&service->monitor);
	service_unref(service);
	service_unref(service);
}

static void learn(struct service *service, const struct manager_reply *found,
	vigil_service_reply *reply, bool worker)
{
	bool changed;

	if (found->status != VIGIL_SERVICE_STOPPED)
		service->deferred = 0;
	service->ran |= found->status == VIGIL_SERVICE_RUNNING;
	changed = service_monitor_learn(&service->monitor, found, worker);
	reply->death = service_death_get(&service->monitor.death);
	reply->started = service->monitor.cached.started;
	if (changed)
		notify(service, &service->on_change, reply);
}

/* Fills the reply for a caller whose call the worker pool did not accept. */
static void set_refused(vigil_service_reply *reply, int err)
{
	reply->error = err;
	reply->fault = VIGIL_FAULT_REFUSED;
	reply->refusal = err == -ECANCELED ? VIGIL_REFUSAL_STATE : VIGIL_REFUSAL_QUEUE;
	reply->text = err == -ECANCELED ? STOPPING : "too many calls wait or hang";
}

/* The call in flight was made.  A restart within RETRY_WINDOW after it is a repetition. */
static void note_restart(struct service *service)
{
	if (service->queue.verb == SERVICE_RESTART)
		service->restarted = service->sent;
}

static void on_worker_done(void *cookie, void *arg, int outcome)
{
	struct service *service = cookie;
	vigil_service_reply reply = service_monitor_reply(&service->monitor);
	const struct manager_reply *found;
	struct manager_reply disproved;
	static const struct manager_reply nothing = {.status = VIGIL_SERVICE_UNKNOWN};

	service_queue_complete(&service->queue);
	if (outcome == 0) { /* else arg is NULL */
		found = service_monitor_judge(&service->monitor, job_answer(arg), &disproved);
		job_reply(arg, &reply);
		job_translate(found, &reply);
		degraded_started(found->started);
		/* A restart that a masked unit or a stop job forbids is requested again and
		 * again, and must not use up the budget of other services. */
		if (service->queue.verb == SERVICE_RESTART && reply.fault == VIGIL_FAULT_REFUSED)
			policy_return_restart(&service->services->policy);
		else
			note_restart(service);
		service->responsive = reply.fault != VIGIL_FAULT_TIMEOUT;
		service->lost = false;
		learn(service, found, &reply, true);
	} else {
		job_translate(&nothing, &reply);
		reply.error = outcome;
		reply.fault = outcome == -ETIMEDOUT ? VIGIL_FAULT_TIMEOUT : VIGIL_FAULT_FAILED;
		reply.text = outcome == -ETIMEDOUT
				     ? "no answer: the call did not return within its deadline"
				     : STOPPING;
		service->responsive = false;
		service->lost = outcome == -ETIMEDOUT;
		if (outcome != -ECANCELED) {
			note_restart(service);
			learn(service, &nothing, &reply, false);
		}
	}
	complete(service, &reply);
}

/* --- dispatch --------------------------------------------------------------------------------- */

static void begin(struct service *service, enum service_verb verb)
{
	service_queue_dispatch(&service->queue, verb);
	service_monitor_begin(&service->monitor, verb == SERVICE_QUERY);
	service->sent = clock_now();
	service->refs++;
}

static int dispatch_to_worker(struct service *service, enum service_verb verb)
{
	const struct manager_request *request = &service->request;
	double timeout = verb == SERVICE_QUERY ? request->query_timeout : request->restart_timeout;
	struct worker_pool_job offer = {.work = job_work,
		.done = on_worker_done,
		.free = job_free,
		.cookie = service,
		.timeout = clock_from_seconds(timeout),
		.slow = !service->responsive,
		.lost = service->lost};
	int err;

	service_monitor_expect(&service->monitor);
	service->request.down = vigil_service_is_down(service->monitor.cached.status);
	offer.job = job_new(verb, request);
	err = worker_pool_submit(service->services->worker_pool, &offer);
	if (err != 0) {
		job_free(offer.job);
		return err;
	}
	service->services->counts.workers++;
	begin(service, verb);
	return 0;
}

/* Tries the loop's own connection to systemd. Returns 0, or a negative number if a worker must make
 * the call. */
static int dispatch_to_systemd(struct service *service, enum service_verb verb)
{
	uint64_t timeout = clock_from_seconds(service->request.query_timeout);

	switch (verb) {
	case SERVICE_QUERY: return service_monitor_query(&service->monitor, timeout);
	case SERVICE_RESTART: return service_monitor_restart(&service->monitor, timeout);
	default: return -1;
	}
}

static int dispatch(struct service *service, enum service_verb verb)
{
	if (dispatch_to_systemd(service, verb) != 0)
		return dispatch_to_worker(service, verb);
	begin(service, verb);
	return 0;
}

/* Dispatches the next waiting call if no call is in flight. */
static void dispatch_next(struct service *service)
{
	enum service_verb verb;
	vigil_service_reply reply;
	int err;

	if (!service_queue_next(&service->queue, &verb))
		return;
	err = dispatch(service, verb);
	if (err == 0)
		return;
	if (verb == SERVICE_RESTART)
		policy_return_restart(&service->services->policy);
	reply = service_monitor_reply(&service->monitor);
	set_refused(&reply, err);
	service_queue_refuse(&service->queue);
	answer(service, reply);
}

/* Makes the call through a worker, because the loop's connection to systemd did not complete it. */
static void ask_worker(struct service *service)
{
	enum service_verb verb = service->queue.verb;
	vigil_service_reply reply;
	int err = dispatch_to_worker(service, verb);

	if (err == 0) {
		/* drop the reference of the first attempt, because the worker's call has one,
		 * too */
		service_unref(service);
		return;
	}
	reply = service_monitor_reply(&service->monitor);
	set_refused(&reply, err);
	if (verb == SERVICE_RESTART && service->request.accepted.requested) {
		note_restart(service);
		reply.fault = VIGIL_FAULT_FAILED;
		reply.text =
			"systemd has accepted the restart, but vigild has no thread to follow it";
	} else if (verb == SERVICE_RESTART) {
		policy_return_restart(&service->services->policy);
	}
	service_queue_complete(&service->queue);
	complete(service, &reply);
}

/* systemd has accepted a restart, and a worker finds out what became of it. */
static void follow_job(struct service *service, const struct manager_job *job)
{
	service->refs++; /* because a callback may close the service */
	service->request.accepted = *job;
	ask_worker(service);
	service->request.accepted.requested = false;
	service_unref(service);
}

static void on_answer(enum unit_answer answer_is, const struct manager_reply *found, void *arg)
{
	struct service *service = arg;
	vigil_service_reply reply = service_monitor_reply(&service->monitor);
	struct manager_reply disproved;

	if (answer_is == UNIT_ASK_WORKER) {
		ask_worker(service);
		return;
	}
	if (answer_is == UNIT_FOLLOW_JOB) {
		follow_job(service, &found->accepted);
		return;
	}
	note_restart(service);
	service_queue_complete(&service->queue);
	if (answer_is == UNIT_ANSWERED) {
		found = service_monitor_judge(&service->monitor, found, &disproved);
		job_translate(found, &reply);
		learn(service, found, &reply, false);
	}
	reply.seconds = clock_to_seconds(clock_now() - service->sent);
	service->responsive = reply.fault != VIGIL_FAULT_TIMEOUT;
	complete(service, &reply);
}

/* --- requests --------------------------------------------------------------------------------- */

static bool is_answered_by_cache(const struct service *service, enum service_verb verb)
{
	return verb == SERVICE_QUERY && !service->queue.busy &&
	       service_monitor_is_valid(&service->monitor);
}

uint64_t service_known_since(const struct service *service)
{
	return service->monitor.cached.learnt;
}

bool service_is_as_known(struct service *service, uint64_t since)
{
	if (service->monitor.cached.learnt != since ||
		!is_answered_by_cache(service, SERVICE_QUERY))
		return false;
	service->services->counts.cached++;
	return true;
}

struct service_call *service_ask(
	struct service *service, enum service_verb verb, service_reply_fn *fn, void *arg)
{
	struct services *services = service->services;
	struct service_call *call = service_call_new(service, verb, fn, arg);
	struct service_refusal refusal = {.why = NULL};
	struct service *same;
	int err;

	LOOP_ASSERT_OWNER();
	if (is_answered_by_cache(service, verb)) {
		services->counts.cached++;
		service_answers_add(&services->answers, call, NULL, refusal.kind);
		return call;
	}
	same = find_same_change(service, verb);
	if (same != NULL) {
		service_call_add(call, &same->queue.in_flight);
		return call;
	}
	refusal = refuse(service, verb);
	if (refusal.why != NULL) {
		service_answers_add(&services->answers, call, refusal.why, refusal.kind);
		return call;
	}
	if (service_queue_may_join(&service->queue, verb)) {
		service_call_add(call, &service->queue.in_flight);
		return call;
	}
	if (!service_queue_is_idle(&service->queue)) {
		service_call_add(call, &service->queue.waiting);
		return call;
	}
	err = dispatch(service, verb);
	if (err == 0) {
		service_call_add(call, &service->queue.in_flight);
		return call;
	}
	if (verb == SERVICE_RESTART)
		policy_return_restart(&services->policy);
	service_call_free(call);
	errno = -err;
	return NULL;
}

void service_cancel(struct service_call *call)
{
	struct service *service;

	if (call == NULL)
		return;
	service = call->service;
	if (call->verb == SERVICE_RESTART && service_queue_waits_alone(&service->queue, call))
		policy_return_restart(&service->services->policy); /* no other call waits for it */
	service_call_free(call);
}

struct service_observer *service_on_change(struct service *service, service_reply_fn *fn, void *arg)
{
	return service_observer_new(&service->on_change, fn, arg);
}

struct service_observer *service_on_stale(struct service *service, service_reply_fn *fn, void *arg)
{
	return service_observer_new(&service->on_stale, fn, arg);
}

/* --- opening and closing ---------------------------------------------------------------------- */

static struct service_bucket *bucket_of(struct services *services, const struct service *service)
{
	return &services->buckets[text_hash(service->request.name, TEXT_HASH) % SERVICE_BUCKETS];
}

static struct service *find_equal(struct services *services, const struct service *like)
{
	struct service *service;

	LIST_FOREACH(service, bucket_of(services, like), bucket_link)
		if (request_equal(&service->request, &like->request))
			return service;
	return NULL;
}

static void service_init(struct service *service, struct services *services)
{
	const struct service_monitor_user user = {
		.on_stale = on_stale, .on_answer = on_answer, .arg = service};

	service->services = services;
	service->refs = 1;
	service_queue_init(&service->queue);
	service_monitor_init(
		&service->monitor, services->loop, services->units, &service->request, &user);
	TAILQ_INIT(&service->on_change);
	TAILQ_INIT(&service->on_stale);
	LIST_INIT(&service->takers);
	TAILQ_INSERT_TAIL(&services->all, service, link);
	LIST_INSERT_HEAD(bucket_of(services, service), service, bucket_link);
}

struct service *service_open(struct services *services, const vigil_service_spec *spec)
{
	struct service *service = memory_zero(sizeof(*service)), *open;
	int err = request_from_spec(&service->request, spec);

	LOOP_ASSERT_OWNER();
	if (err != 0) {
		free(service);
		errno = -err;
		return NULL;
	}
	open = find_equal(services, service);
	if (open != NULL) {
		request_clear(&service->request);
		free(service);
		open->refs++;
		return open;
	}
	service_init(service, services);
	return service;
}

void service_close(struct service *service)
{
	if (service != NULL)
		service_unref(service);
}
