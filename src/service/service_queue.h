/*
 * service_queue: the calls to one service, in the order in which they came.
 *
 * Pure data.  At most one call is in flight; it may answer several callers: all queries up to the
 * next restart, or restarts that came together.  Answered calls wait in a list of their own until
 * their callbacks have run, because a callback may cancel some of them or add new ones.
 */
#ifndef SERVICE_QUEUE_H
#define SERVICE_QUEUE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "service/service_call.h"

TAILQ_HEAD(call_list, service_call);

struct service_call {
	struct service *service; /* that was asked; another one's call may answer it */
	enum service_verb verb;
	service_reply_fn *fn;
	void *arg;
	char *refusal; /* why it is not asked; NULL: it is */
	TAILQ_ENTRY(service_call) link;
	struct call_list *list; /* the one it is in */
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
/* Removes it from its list and frees it. */
void service_call_free(struct service_call *call);

/* Whether a new call of that verb may go out now: nothing is in flight, and nobody waits. */
bool service_queue_is_idle(const struct service_queue *queue);
/* Whether a new call of that verb is answered by the one in flight. */
bool service_queue_may_join(const struct service_queue *queue, enum service_verb verb);
/* Whether a restart that is asked for now goes together with one that is asked for already. */
bool service_queue_has_restart(const struct service_queue *queue);
/* The verb of the first call that waits.  False: none does, or one is in flight. */
bool service_queue_next(const struct service_queue *queue, enum service_verb *verb);
/* A call of that verb goes out: it answers those that wait, up to one of another verb. */
void service_queue_dispatch(struct service_queue *queue, enum service_verb verb);
/* The call in flight has ended: its callers are to be answered. */
void service_queue_complete(struct service_queue *queue);
/* Those that wait are to be answered without a call. */
void service_queue_refuse(struct service_queue *queue);
/* The next one to be answered; NULL: none is left. */
struct service_call *service_queue_answered(const struct service_queue *queue);

#endif
