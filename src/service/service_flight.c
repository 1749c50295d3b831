/*
 * service_flight: how calls to a service are answered.
 *
 * A flight takes the first call that waits and every other that the same answer serves: queries
 * up to the next restart, or restarts.  Its job holds copies of all a worker needs, and a
 * reference to the service, so a service may be closed and its calls cancelled while a worker is
 * still asking.
 *
 * A restart, and most looks, are a worker's.  A unit that systemd was found to run is looked at
 * over the loop's own line, together with others (systemd_look.c), as long as that is up.
 */
#include "service/service_inside.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "loop/loop.h"
#include "loop/offload.h"
#include "service/job.h"
#include "service/systemd_watch.h"

#define STOPPING "not asked: vigild is stopping"

static void depart(struct service *service);
static int depart_by_worker(struct service *service, enum service_verb verb);

/* --- replies --------------------------------------------------------------------------------------- */

void service_unref(struct service *service)
{
	if (--service->refs > 0)
		return;
	TAILQ_REMOVE(&service->services->all, service, link);
	service_sight_close(service);
	request_clear(&service->request);
	free(service);
}

void service_call_end(struct service_call *call)
{
	TAILQ_REMOVE(call->list, call, link);
	free(call);
}

/* Whom the reply is for.  A callback may cancel others of them, or ask anew: what it asks must not
 * be answered by this reply, so those to be answered leave their list before anybody is told. */
static void disembark(struct service *service, struct call_list *list)
{
	struct service_call *call;

	TAILQ_FOREACH(call, list, link)
	call->list = &service->landed;
	TAILQ_CONCAT(&service->landed, list, link);
}

static void answer(struct service *service, const vigil_service_reply *reply)
{
	struct service_call *call;
	service_reply_fn *fn;
	void *arg;

	while ((call = TAILQ_FIRST(&service->landed)) != NULL) {
		fn = call->fn;
		arg = call->arg;
		service_call_end(call);
		fn(reply, arg);
	}
}

/* For who finds no place on any worker. */
static void refused_reply(const struct service *service, vigil_service_reply *reply, int err)
{
	reply->status = service->known.status;
	reply->error = err;
	reply->fault = VIGIL_FAULT_REFUSED;
	reply->text = err == -ECANCELED ? STOPPING : "the queue of calls is full";
}

/* The end of a flight, which ends with its reference. */
static void land(struct service *service, const vigil_service_reply *reply)
{
	answer(service, reply);
	depart(service);
	service_sign_late(service);
	service_unref(service);
}

static void arrive(void *cookie, void *arg, int outcome)
{
	struct service *service = cookie;
	vigil_service_reply reply = service_reply_of(service);

	service->in_flight = false;
	disembark(service, &service->flying);
	if (outcome == 0) {
		job_reply(arg, &reply);
		degraded_started(job_started(arg));
		if (job_seen(arg)->pid > 0)
			service->request.seen = *job_seen(arg);
		/* What an admin's mask or stop job forbids is asked for again and again, and must not
		 * use up what others need. */
		if (service->verb == SERVICE_RESTART && reply.fault == VIGIL_FAULT_REFUSED)
			policy_return_restart(&service->services->policy);
		service->proven = reply.fault != VIGIL_FAULT_TIMEOUT;
	} else {
		reply.error = outcome;
		reply.fault = outcome == -ETIMEDOUT ? VIGIL_FAULT_TIMEOUT : VIGIL_FAULT_FAILED;
		reply.text =
			outcome == -ETIMEDOUT ? "no answer, not even after the deadline" : STOPPING;
		service->proven = false;
	}
	if (outcome != -ECANCELED)
		service_learn(service, &reply);
	if (service->view != NULL && reply.status != VIGIL_SERVICE_UNKNOWN)
		systemd_view_learn(service->view, reply.status, reply.pid, reply.respawns);
	land(service, &reply);
}

void service_on_answer(const struct manager_reply *given, void *arg)
{
	struct service *service = arg;
	vigil_service_reply reply = service_reply_of(service);
	int err;

	service->in_flight = false;
	if (given != NULL) {
		disembark(service, &service->flying);
		job_translate(given, &reply);
		reply.seconds = clock_to_seconds(clock_now() - service->departed);
		service->proven = reply.fault != VIGIL_FAULT_TIMEOUT;
		service_learn(service, &reply);
		land(service, &reply);
		return;
	}
	err = depart_by_worker(service, SERVICE_QUERY);
	if (err == 0) {
		service_unref(service); /* this flight's; the worker's has its own */
		return;
	}
	disembark(service, &service->flying);
	refused_reply(service, &reply, err);
	land(service, &reply);
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

static void set_out(struct service *service, enum service_verb verb)
{
	service->verb = verb;
	service->departed = clock_now();
	service->in_flight = true;
	service->refs++;
	if (verb == SERVICE_QUERY)
		service->sign_waits = false;
}

static int depart_by_worker(struct service *service, enum service_verb verb)
{
	double timeout =
		verb == SERVICE_RESTART ? service->restart_timeout : service->query_timeout;
	struct job *job = job_new(verb == SERVICE_RESTART, &service->request);
	const struct offload_job offer = {.work = job_work,
		.done = arrive,
		.free = job_free,
		.job = job,
		.cookie = service,
		.timeout = clock_from_seconds(timeout),
		.slow = !service->proven};
	int err = offload_submit(service->services->offload, &offer);

	if (err != 0) {
		job_free(job);
		return err;
	}
	service->services->counts.workers++;
	set_out(service, verb);
	return 0;
}

int service_depart_now(struct service *service, enum service_verb verb)
{
	uint64_t timeout = clock_from_seconds(service->query_timeout);
	bool alive = service->sight != NULL && !service->doubt;

	if (verb == SERVICE_QUERY && service->view != NULL &&
		systemd_view_ask(service->view, alive, timeout) == 0) {
		set_out(service, verb);
		return 0;
	}
	return depart_by_worker(service, verb);
}

/* Sets out with what waits, where nothing is under way. */
static void depart(struct service *service)
{
	struct service_call *first = TAILQ_FIRST(&service->waiting);
	vigil_service_reply reply;
	int err;

	if (first == NULL || service->in_flight)
		return;
	err = service_depart_now(service, first->verb);
	if (err == 0) {
		board(service);
		return;
	}
	/* These waited behind a call and now find no place. */
	if (first->verb == SERVICE_RESTART)
		policy_return_restart(&service->services->policy);
	reply = service_reply_of(service);
	refused_reply(service, &reply, err);
	disembark(service, &service->waiting);
	answer(service, &reply);
}
