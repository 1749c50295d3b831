/*
 * services_list: see services_list.h.  The job owns the listing until the worker is done with it.
 * Then all calls that wait for the job share the listing, and the last one frees it.
 */
#include "service/services_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "loop/loop.h"
#include "service/listing.h"
#include "service/manager.h"
#include "worker/worker_pool.h"

#define TIMEOUT (30 * CLOCK_SECOND)
/* A portion takes about this time.  Other events of the loop run between two portions. */
#define PORTION (2 * CLOCK_MS)

/* A listing that several calls read. */
struct shared {
	struct listing *listing; /* NULL: the worker did not return it */
	int outcome;             /* as for the done function of worker_pool.h */
	unsigned refs;
};

struct services_list_call {
	struct services_list *list;
	struct services_list_request request;
	char **only;
	struct shared *shared; /* NULL: the job is in flight */
	size_t next;           /* index of the next entry */
	struct loop_timer *timer;
	bool *freed; /* set to true when the call is freed during a callback; NULL: no callback */
	TAILQ_ENTRY(services_list_call) link;
};

static void shared_unref(struct shared *shared)
{
	if (shared == NULL || --shared->refs > 0)
		return;
	listing_free(shared->listing);
	free(shared);
}

void services_list_cancel(struct services_list_call *call)
{
	if (call == NULL)
		return;
	TAILQ_REMOVE(&call->list->calls, call, link);
	if (call->freed != NULL)
		*call->freed = true;
	loop_timer_free(call->timer);
	shared_unref(call->shared);
	free(call->only);
	free(call);
}

/* --- delivery --------------------------------------------------------------------------------- */

static bool is_wanted(const struct services_list_call *call, const char *name)
{
	if (call->request.only == NULL)
		return true;
	for (char **glob = call->only; *glob != NULL; glob++)
		if (text_glob(*glob, name))
			return true;
	return false;
}

/* Delivers entries for the time of a portion.  Returns 1 if entries are left, 0 if not, or -1 if
 * the call was freed. */
static int deliver(struct services_list_call *call)
{
	const vigil_service_entry *entry;
	uint64_t until = clock_now() + PORTION;
	bool freed = false;

	call->freed = &freed;
	while (call->shared->listing != NULL &&
		(entry = listing_at(call->shared->listing, call->next)) != NULL) {
		call->next++;
		if (call->request.on_entry != NULL && is_wanted(call, entry->name))
			call->request.on_entry(entry, call->request.arg);
		if (freed)
			return -1;
		if (clock_now() >= until)
			break;
	}
	call->freed = NULL;
	return call->shared->listing != NULL && call->next < listing_count(call->shared->listing);
}

static void finish(struct services_list_call *call)
{
	struct services_list_request request = call->request;
	struct shared *shared = call->shared;
	const char *text = "vigild is stopping";
	int error = shared->outcome;

	if (shared->listing != NULL)
		error = listing_error(shared->listing, &text);
	else if (error == -ETIMEDOUT)
		text = "no answer: the service managers did not answer before the deadline";
	shared->refs++;
	services_list_cancel(call);
	request.on_end(error, text, request.arg);
	shared_unref(shared);
}

static void on_portion(uint64_t missed, void *arg)
{
	struct services_list_call *call = arg;
	int left = deliver(call);

	if (left > 0)
		loop_timer_rearm(call->timer, 0);
	else if (left == 0)
		finish(call);
}

/* --- the job ---------------------------------------------------------------------------------- */

/* Listings that take this long use the slow lane of the workers. */
#define SLOW CLOCK_SECOND

struct job {
	struct listing *listing;
	uint64_t duration; /* ns */
};

/* Runs on a worker. */
static void job_work(void *arg, uint64_t deadline)
{
	struct job *job = arg;
	uint64_t began = clock_now();

	manager_list(job->listing, deadline);
	listing_sort(job->listing);
	job->duration = clock_now() - began;
}

static void job_free(void *arg)
{
	struct job *job = arg;

	listing_free(job->listing);
	free(job);
}

static void on_done(void *cookie, void *arg, int outcome)
{
	struct services_list *list = cookie;
	struct services_list_call *call;
	struct shared *shared = memory_zero(sizeof(*shared));
	struct job *job = arg;

	list->in_flight = false;
	list->slow = job == NULL || job->duration >= SLOW;
	list->lost = outcome == -ETIMEDOUT;
	*shared = (struct shared){.outcome = outcome, .refs = 1};
	if (job != NULL) {
		shared->listing = job->listing;
		job->listing = NULL;
	}
	TAILQ_FOREACH(call, &list->calls, link) {
		if (call->shared != NULL)
			continue;
		call->shared = shared;
		shared->refs++;
		loop_timer_rearm(call->timer, 0);
	}
	shared_unref(shared);
}

static int submit(struct services_list *list, uint64_t timeout)
{
	struct job *job = memory_zero(sizeof(*job));
	struct worker_pool_job offer = {.work = job_work,
		.done = on_done,
		.free = job_free,
		.job = job,
		.cookie = list,
		.timeout = timeout != 0 ? timeout : TIMEOUT,
		.slow = list->slow,
		.lost = list->lost};
	int err;

	job->listing = listing_new();
	err = worker_pool_submit(list->worker_pool, &offer);
	if (err != 0) {
		job_free(job);
		return err;
	}
	list->in_flight = true;
	list->jobs++;
	return 0;
}

/* --- the calls -------------------------------------------------------------------------------- */

void services_list_init(
	struct services_list *list, struct loop *loop, struct worker_pool *worker_pool)
{
	*list = (struct services_list){.loop = loop, .worker_pool = worker_pool};
	TAILQ_INIT(&list->calls);
}

void services_list_clear(struct services_list *list)
{
	struct services_list_call *call;

	while ((call = TAILQ_FIRST(&list->calls)) != NULL)
		services_list_cancel(call);
}

struct services_list_call *services_list_start(
	struct services_list *list, const struct services_list_request *request)
{
	struct services_list_call *call;
	int err = list->in_flight ? 0 : submit(list, request->timeout);

	if (err != 0) {
		errno = -err;
		return NULL;
	}
	call = memory_zero(sizeof(*call));
	call->timer = loop_once(list->loop, on_portion, call);
	call->list = list;
	call->request = *request;
	call->only = request->only != NULL ? text_copy_list(request->only) : NULL;
	TAILQ_INSERT_TAIL(&list->calls, call, link);
	return call;
}
