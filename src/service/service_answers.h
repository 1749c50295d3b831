/*
 * service_answers: calls that need no query and are answered in the next iteration of the loop.
 *
 * Each is answered from the cached status, or refused.
 */
#ifndef SERVICE_ANSWERS_H
#define SERVICE_ANSWERS_H

#include "service/service_queue.h"

struct loop;
struct loop_timer;

struct service_answers {
	struct call_list calls;
	struct loop_timer *timer;
	vigil_service_reply (*reply_of)(const struct service *service);
};

/* reply_of: returns the cached status as a reply. */
void service_answers_init(struct service_answers *answers, struct loop *loop,
	vigil_service_reply (*reply_of)(const struct service *service));
/* All calls must have been cancelled. */
void service_answers_clear(struct service_answers *answers);
/* Adds a call.  refusal: why it is refused, copied; NULL: the call is answered from the cached
 * status.  kind: of the refusal. */
void service_answers_add(struct service_answers *answers, struct service_call *call,
	const char *refusal, vigil_refusal kind);

#endif
