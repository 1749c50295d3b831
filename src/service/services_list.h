/*
 * services_list: lists the services of the machine, for the loop thread.
 *
 * One job of a worker asks all managers.  A call that starts while a job is in flight joins it.
 * The loop thread then delivers the entries in portions, so that a long list does not block the
 * loop.
 */
#ifndef SERVICES_LIST_H
#define SERVICES_LIST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <vigil/vigil.h>

struct loop;
struct services_list_call;
struct worker_pool;

struct services_list_request {
	const char *const *only; /* globs of names, copied; NULL: all services */
	uint64_t timeout;        /* ns, if this call starts the job; 0: 30 s */
	/* The entry is valid until on_end has returned.  on_entry may cancel the call. */
	void (*on_entry)(const vigil_service_entry *entry, void *arg);
	/* The last callback; the call is already freed.  error: 0, or a negative errno with its
	 * text. */
	void (*on_end)(int error, const char *text, void *arg);
	void *arg;
};

/* Part of struct services.  Private to services_list.c. */
struct services_list {
	struct loop *loop;
	struct worker_pool *worker_pool;
	bool in_flight;
	bool slow; /* the last job took long */
	bool lost; /* the last job did not return */
	TAILQ_HEAD(services_list_calls, services_list_call) calls;
	uint64_t jobs; /* counts the jobs */
};

void services_list_init(
	struct services_list *list, struct loop *loop, struct worker_pool *worker_pool);
/* Frees the calls that are left; their callbacks are not called. */
void services_list_clear(struct services_list *list);
/* Starts a call.  Returns NULL and sets errno on failure: EAGAIN if the queue of the workers is
 * full, ECANCELED if vigild is stopping. */
struct services_list_call *services_list_start(
	struct services_list *list, const struct services_list_request *request);
/* Cancels and frees the call; no callback runs any more.  NULL is allowed. */
void services_list_cancel(struct services_list_call *call);

#endif
