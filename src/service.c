/*
 * service: one request at a time to one service.
 *
 * Calls wait in the order they came.  A flight takes the first of them and every other that
 * the same answer serves: queries up to the next restart, or restarts.  The flight's job holds
 * copies of all a worker needs, and a reference to the service, so a service may be closed and
 * its calls cancelled while a worker is still asking.
 *
 * A running service's process is kept in sight: its end is told of at once, and while it lives
 * nobody need be asked.
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
#include "job.h"
#include "loop.h"
#include "memory.h"
#include "offload.h"
#include "policy.h"
#include "request.h"
#include "sight.h"

#define QUERY_TIMEOUT   10.0
#define RESTART_TIMEOUT 90.0

/* A service whose process is in sight and alive is asked about again only after so long. */
#define CONFIRM (60 * CLOCK_SECOND)
/* A manager may need a moment to notice a death that we have seen. */
#define AGAIN      (10 * CLOCK_MS)
#define DEATHS_MAX 200

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
	struct watch_list *list;
	service_reply_fn *fn;
	void *arg;
	TAILQ_ENTRY(service_watch) link;
};

/* What the last look found. */
struct known {
	bool seen; /* there was a look */
	vigil_service_status status;
	const char *manager; /* static text */
	pid_t pid;
	uint32_t respawns;
	uint64_t when; /* by clock_now */
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
	struct known known;
	struct sight *sight; /* on the process of the last look; NULL: none */
	pid_t dead;          /* whose end was told of last, and how often in a row */
	unsigned deaths;
	struct loop_timer *again; /* for a manager that has not yet noticed a death */
	TAILQ_HEAD(watch_list, service_watch) watches, signs;
	TAILQ_ENTRY(service) link;
};

struct services {
	struct loop *loop;
	struct offload *offload;
	TAILQ_HEAD(, service) all;
	struct call_list soon; /* answered without asking, on the loop's next turn */
	struct loop_timer *soon_timer;
	struct policy policy;
};

static void depart(struct service *service);

/* --- replies --------------------------------------------------------------------------------------- */

static void service_unref(struct service *service)
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

static void tell(struct watch_list *list, const vigil_service_reply *reply)
{
	struct service_watch *watch, *next;

	for (watch = TAILQ_FIRST(list); watch != NULL; watch = next) {
		next = TAILQ_NEXT(watch, link);
		watch->fn(reply, watch->arg);
	}
}

static vigil_service_reply reply_of_known(const struct service *service)
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
	vigil_service_reply reply = reply_of_known(service);

	sight_close(service->sight);
	service->sight = NULL;
	service->deaths = pid == service->dead ? service->deaths + 1 : 0;
	service->dead = pid;
	if (service->deaths == 0)
		tell(&service->signs, &reply);
	else if (service->deaths < DEATHS_MAX && service->again == NULL)
		service->again = loop_after(service->services->loop, AGAIN, on_again, service);
}

/* The manager still called a dead process the service's: it has not got round to it yet. */
static void on_again(uint64_t missed, void *arg)
{
	struct service *service = arg;
	vigil_service_reply reply = reply_of_known(service);

	loop_timer_free(service->again);
	service->again = NULL;
	tell(&service->signs, &reply);
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
		tell(&service->watches, reply);
}

/* Whether asking its manager would tell us anything: a process that is in sight lives. */
static bool is_known(const struct service *service)
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
		reply.text = outcome == -ETIMEDOUT ? "no answer, not even after the deadline"
						   : "not asked: vigild is stopping";
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

static int submit(struct service *service, enum service_verb verb)
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
	err = submit(service, first->verb);
	if (err == 0) {
		board(service);
		return;
	}
	/* These waited behind a call and now find the queue full. */
	reply = reply_of(service);
	reply.status = service->known.status;
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

/* --- answers that nobody need be asked for ----------------------------------------------------- */

static void on_soon(uint64_t missed, void *arg)
{
	struct services *services = arg;
	struct service_call *call, copy;
	vigil_service_reply reply;

	while ((call = TAILQ_FIRST(&services->soon)) != NULL) {
		copy = *call;
		call_end(call);
		reply = reply_of_known(copy.service);
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
		(verb == SERVICE_QUERY && !service->in_flight && is_known(service))) {
		call_enter(call, &services->soon);
		loop_timer_again(services->soon_timer, 0);
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

static struct service_watch *watch_new(
	struct service *service, struct watch_list *list, service_reply_fn *fn, void *arg)
{
	struct service_watch *watch = memory_zero(sizeof(*watch));

	*watch = (struct service_watch){.service = service, .list = list, .fn = fn, .arg = arg};
	TAILQ_INSERT_TAIL(list, watch, link);
	return watch;
}

struct service_watch *service_watch(struct service *service, service_reply_fn *fn, void *arg)
{
	return watch_new(service, &service->watches, fn, arg);
}

struct service_watch *service_watch_signs(struct service *service, service_reply_fn *fn, void *arg)
{
	return watch_new(service, &service->signs, fn, arg);
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
	TAILQ_INIT(&services->all);
	TAILQ_INIT(&services->soon);
	services->soon_timer = loop_after(loop, 0, on_soon, services);
	if (services->soon_timer == NULL) {
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
	loop_timer_free(services->soon_timer);
	policy_clear(&services->policy);
	free(services);
}

void services_set_policy(
	struct services *services, const char *const *deny, unsigned count, double seconds)
{
	policy_set(&services->policy, deny, count, seconds);
}
