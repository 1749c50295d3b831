/*
 * service_answers: calls that are answered without asking, on the loop's next turn.
 *
 * They are answered from the cached status, or refused.
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

/* 0, or -ENOMEM.  reply_of: the cached status, as a reply. */
int service_answers_init(struct service_answers *answers, struct loop *loop,
	vigil_service_reply (*reply_of)(const struct service *service));
/* All calls must have been cancelled. */
void service_answers_clear(struct service_answers *answers);
/* refusal: copied; NULL: the call is answered from the cached status. */
void service_answers_add(
	struct service_answers *answers, struct service_call *call, const char *refusal);

#endif
