/*
 * service_flight: how calls to a service are answered.
 *
 * A flight takes the first call that waits and every other that the same answer serves: queries
 * up to the next restart, or restarts.  Its job holds copies of all a worker needs, and a
 * reference to the service, so a service may be closed and its calls cancelled while a worker is
 * still asking.
 *
 * A running service's process is kept in sight: its end is told of at once, and while it lives
 * nobody need be asked.
 */
#include "service_inside.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "job.h"
#include "loop.h"
#include "offload.h"
#include "sight.h"

/* A service whose process is in sight and alive is asked about again only after so long. */
#define CONFIRM (60 * CLOCK_SECOND)
/* A manager may need a moment to notice a death that we have seen. */
#define AGAIN      (10 * CLOCK_MS)
#define DEATHS_MAX 200

#define STOPPING "not asked: vigild is stopping"

static void depart(struct service *service);

/* --- replies --------------------------------------------------------------------------------------- */

void service_unref(struct service *service)
{
	if (--service->refs > 0)
		return;
	TAILQ_REMOVE(&service->services->all, service, link);
	sight_close(service->sight);
	loop_timer_free(service->again);
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

void service_call_end(struct service_call *call)
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
		service_call_end(call);
		fn(reply, arg);
	}
}

/* Tells all who watch.  Any of them may be ended by what one is told, and with the last of them
 * the service be closed: so our place in the list is kept by an entry of our own, and the
 * service by a reference. */
static void tell(struct service *service, struct watch_list *list, const vigil_service_reply *reply)
{
	struct service_watch *watch = TAILQ_FIRST(list), here;

	service->refs++;
	while (watch != NULL) {
		TAILQ_INSERT_AFTER(list, watch, &here, link);
		watch->fn(reply, watch->arg);
		watch = TAILQ_NEXT(&here, link);
		TAILQ_REMOVE(list, &here, link);
	}
	service_unref(service);
}

vigil_service_reply service_known_reply(const struct service *service)
{
	vigil_service_reply reply = reply_of(service);

	reply.manager = service->known.manager != NULL ? service->known.manager : "";
	reply.status = service->known.status;
	reply.pid = service->known.pid;
	reply.respawns = service->known.respawns;
	return reply;
}

/* --- sight: a death is news at once ----------------------------------------------------------- */

static void on_again(uint64_t missed, void *arg);

static void on_death(void *arg)
{
	struct service *service = arg;
	pid_t pid = sight_pid(service->sight);
	vigil_service_reply reply = service_known_reply(service);

	sight_close(service->sight);
	service->sight = NULL;
	service->deaths = pid == service->dead ? service->deaths + 1 : 0;
	service->dead = pid;
	if (service->deaths == 0)
		tell(service, &service->signs, &reply);
	else if (service->deaths < DEATHS_MAX && service->again == NULL)
		service->again = loop_after(service->services->loop, AGAIN, on_again, service);
}

/* The manager still called a dead process the service's: it has not got round to it yet. */
static void on_again(uint64_t missed, void *arg)
{
	struct service *service = arg;
	vigil_service_reply reply = service_known_reply(service);

	loop_timer_free(service->again);
	service->again = NULL;
	tell(service, &service->signs, &reply);
}

static void keep_in_sight(struct service *service)
{
	pid_t pid = service->known.status == VIGIL_SERVICE_RUNNING ? service->known.pid : 0;

	if (service->sight != NULL && sight_pid(service->sight) == pid)
		return;
	sight_close(service->sight);
	service->sight = NULL;
	/* Without one (no descriptors left, an old kernel) the looks go on as ever. */
	if (pid > 0)
		service->sight = sight_open(service->services->loop, pid, on_death, service);
}

static void learn(struct service *service, const vigil_service_reply *reply)
{
	bool changed = !service->known.seen || service->known.status != reply->status;

	service->known = (struct known){.seen = true,
		.status = reply->status,
		.manager = reply->manager,
		.pid = reply->pid,
		.respawns = reply->respawns,
		.when = clock_now()};
	keep_in_sight(service);
	if (changed)
		tell(service, &service->watches, reply);
}

bool service_is_known(const struct service *service)
{
	return service->sight != NULL && service->known.status == VIGIL_SERVICE_RUNNING &&
	       clock_now() - service->known.when < CONFIRM;
}

static void arrive(void *cookie, void *arg, int outcome)
{
	struct service *service = cookie;
	vigil_service_reply reply = reply_of(service);

	service->in_flight = false;
	if (outcome == 0) {
		job_reply(arg, &reply);
		service->proven = reply.fault != VIGIL_FAULT_TIMEOUT;
	} else {
		reply.error = outcome;
		reply.fault = outcome == -ETIMEDOUT ? VIGIL_FAULT_TIMEOUT : VIGIL_FAULT_FAILED;
		reply.text =
			outcome == -ETIMEDOUT ? "no answer, not even after the deadline" : STOPPING;
		service->proven = false;
	}
	if (outcome != -ECANCELED)
		learn(service, &reply);
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

int service_depart_now(struct service *service, enum service_verb verb)
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
	err = service_depart_now(service, first->verb);
	if (err == 0) {
		board(service);
		return;
	}
	/* These waited behind a call and now find no place. */
	reply = reply_of(service);
	reply.status = service->known.status;
	reply.error = err;
	reply.fault = VIGIL_FAULT_REFUSED;
	reply.text = err == -ECANCELED ? STOPPING : "the queue of calls is full";
	answer(service, &service->waiting, &reply);
}
