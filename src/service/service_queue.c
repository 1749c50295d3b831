/* service_queue: see service_queue.h. */
#include "service/service_queue.h"

#include <stdlib.h>

#include "base/memory.h"

void service_queue_init(struct service_queue *queue)
{
	TAILQ_INIT(&queue->waiting);
	TAILQ_INIT(&queue->in_flight);
	TAILQ_INIT(&queue->answered);
	queue->busy = false;
}

struct service_call *service_call_new(
	struct service *service, enum service_verb verb, service_reply_fn *fn, void *arg)
{
	struct service_call *call = memory_zero(sizeof(*call));

	call->service = service;
	call->verb = verb;
	call->fn = fn;
	call->arg = arg;
	return call;
}

void service_call_add(struct service_call *call, struct call_list *list)
{
	call->list = list;
	TAILQ_INSERT_TAIL(list, call, link);
}

void service_call_free(struct service_call *call)
{
	if (call->list != NULL)
		TAILQ_REMOVE(call->list, call, link);
	free(call->refusal);
	free(call);
}

/* The verb of the last caller decides, because a query between two restarts must return the
 * status at that time. */
bool service_queue_ends_with(const struct service_queue *queue, enum service_verb verb)
{
	const struct service_call *last = TAILQ_LAST(&queue->waiting, call_list);

	if (last != NULL)
		return last->verb == verb;
	return queue->busy && queue->verb == verb;
}

bool service_queue_is_idle(const struct service_queue *queue)
{
	return !queue->busy && TAILQ_EMPTY(&queue->waiting);
}

bool service_queue_may_join(const struct service_queue *queue, enum service_verb verb)
{
	return queue->busy && queue->verb == verb && TAILQ_EMPTY(&queue->waiting);
}

bool service_queue_waits_alone(const struct service_queue *queue, const struct service_call *call)
{
	const struct service_call *before, *after;

	if (call->list != &queue->waiting)
		return false;
	before = TAILQ_PREV(call, call_list, link);
	after = TAILQ_NEXT(call, link);
	return (before == NULL || before->verb != call->verb) &&
	       (after == NULL || after->verb != call->verb);
}

bool service_queue_next(const struct service_queue *queue, enum service_verb *verb)
{
	const struct service_call *first = TAILQ_FIRST(&queue->waiting);

	if (first == NULL || queue->busy)
		return false;
	*verb = first->verb;
	return true;
}

void service_queue_dispatch(struct service_queue *queue, enum service_verb verb)
{
	struct service_call *call;

	queue->busy = true;
	queue->verb = verb;
	while ((call = TAILQ_FIRST(&queue->waiting)) != NULL && call->verb == verb) {
		TAILQ_REMOVE(&queue->waiting, call, link);
		service_call_add(call, &queue->in_flight);
	}
}

static void answer_all(struct service_queue *queue, struct call_list *list)
{
	struct service_call *call;

	TAILQ_FOREACH(call, list, link)
		call->list = &queue->answered;
	TAILQ_CONCAT(&queue->answered, list, link);
}

void service_queue_complete(struct service_queue *queue)
{
	queue->busy = false;
	answer_all(queue, &queue->in_flight);
}

void service_queue_refuse(struct service_queue *queue)
{
	answer_all(queue, &queue->waiting);
}

struct service_call *service_queue_answered(const struct service_queue *queue)
{
	return TAILQ_FIRST(&queue->answered);
}
