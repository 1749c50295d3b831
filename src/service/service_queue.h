/*
 * service_queue: the calls to one service, in the order of their arrival.
 *
 * This is a pure data structure. At most one call is in flight. It may answer several callers:
 * consecutive queries, or consecutive restarts, starts or stops. Answered calls are kept in a
 * separate list until their callbacks have run, because a callback may cancel some of them or
 * add new ones.
 */
#ifndef SERVICE_QUEUE_H
#define SERVICE_QUEUE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "service/service_call.h"

TAILQ_HEAD(call_list, service_call);

struct service_call {
	/* the requested service; a call to another name of the same unit may answer it */
	struct service *service;
	enum service_verb verb;
	service_reply_fn *fn;
	void *arg;
	char *refusal; /* why the call is refused; NULL: it is not */
	vigil_refusal refusal_kind;
	TAILQ_ENTRY(service_call) link;
	struct call_list *list; /* the list that contains it */
};

struct service_queue {
	struct call_list waiting, in_flight, answered;
	bool busy;              /* a call is in flight, even if all its callers have cancelled */
	enum service_verb verb; /* of the call in flight */
};

void service_queue_init(struct service_queue *queue);

struct service_call *service_call_new(
	struct service *service, enum service_verb verb, service_reply_fn *fn, void *arg);
void service_call_add(struct service_call *call, struct call_list *list);
/* Removes the call from its list and frees it. */
void service_call_free(struct service_call *call);

/* Whether a new call may be dispatched now: no call is in flight or waiting. */
bool service_queue_is_idle(const struct service_queue *queue);
/* Whether the call in flight also answers a new call of that verb. */
bool service_queue_may_join(const struct service_queue *queue, enum service_verb verb);
/* Whether a new call of that verb would be answered together with one that was requested before. */
bool service_queue_ends_with(const struct service_queue *queue, enum service_verb verb);
/* Whether the call waits and no other call waits to be answered together with it. */
bool service_queue_waits_alone(const struct service_queue *queue, const struct service_call *call);
/* Gets the verb of the first waiting call. Returns false if no call is waiting, or one is in
 * flight. */
bool service_queue_next(const struct service_queue *queue, enum service_verb *verb);
/* Marks a call of that verb as in flight. It answers the calls at the head of the waiting list,
 * up to the first one with another verb. */
void service_queue_dispatch(struct service_queue *queue, enum service_verb verb);
/* The call in flight has ended: moves its callers to the answered list. */
void service_queue_complete(struct service_queue *queue);
/* Moves all waiting calls to the answered list, because they are to be answered without a query. */
void service_queue_refuse(struct service_queue *queue);
/* The next call to be answered; NULL: none. */
struct service_call *service_queue_answered(const struct service_queue *queue);

#endif
