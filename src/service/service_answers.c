/* service_answers: see service_answers.h. */
#include "service/service_answers.h"

#include <errno.h>
#include <stdio.h>

#include "base/memory.h"
#include "loop/loop.h"
#include "service/manager.h"

static void answer(struct service_answers *answers, struct service_call *call)
{
	vigil_service_reply reply = answers->reply_of(call->service);
	service_reply_fn *fn = call->fn;
	void *arg = call->arg;
	char refusal[MANAGER_TEXT];

	if (call->refusal != NULL) {
		snprintf(refusal, sizeof(refusal), "%s", call->refusal);
		reply.error = -EPERM;
		reply.fault = VIGIL_FAULT_REFUSED;
		reply.refusal = call->refusal_kind;
		reply.text = refusal;
	}
	service_call_free(call);
	fn(&reply, arg);
}

static void on_timer(uint64_t missed, void *arg)
{
	struct service_answers *answers = arg;
	struct service_call *call;
	struct call_list now = TAILQ_HEAD_INITIALIZER(now);

	/* Move the calls to a separate list, so that a call that a callback adds waits for the
	 * next iteration. */
	TAILQ_CONCAT(&now, &answers->calls, link);
	TAILQ_FOREACH(call, &now, link)
		call->list = &now;
	while ((call = TAILQ_FIRST(&now)) != NULL)
		answer(answers, call);
}

void service_answers_init(struct service_answers *answers, struct loop *loop,
	vigil_service_reply (*reply_of)(const struct service *service))
{
	TAILQ_INIT(&answers->calls);
	answers->reply_of = reply_of;
	answers->timer = loop_once(loop, on_timer, answers);
}

void service_answers_clear(struct service_answers *answers)
{
	loop_timer_free(answers->timer);
}

void service_answers_add(struct service_answers *answers, struct service_call *call,
	const char *refusal, vigil_refusal kind)
{
	call->refusal = memory_text(refusal);
	call->refusal_kind = kind;
	if (TAILQ_EMPTY(&answers->calls)) /* else the timer is already set */
		loop_timer_rearm(answers->timer, 0);
	service_call_add(call, &answers->calls);
}
