/* service_observers: see service_observers.h. */
#include "service/service_observers.h"

#include <stdlib.h>

#include "base/memory.h"

struct service_observer *service_observer_new(
	struct observer_list *list, service_reply_fn *fn, void *arg)
{
	struct service_observer *observer = memory_zero(sizeof(*observer));

	*observer = (struct service_observer){.list = list, .fn = fn, .arg = arg};
	TAILQ_INSERT_TAIL(list, observer, link);
	return observer;
}

void service_observer_free(struct service_observer *observer)
{
	if (observer == NULL)
		return;
	TAILQ_REMOVE(observer->list, observer, link);
	free(observer);
}

/* A list entry on the stack marks the position, because a callback may free any observer. */
void service_observers_notify(struct observer_list *list, const vigil_service_reply *reply)
{
	struct service_observer *observer = TAILQ_FIRST(list), here = {0};

	while (observer != NULL) {
		TAILQ_INSERT_AFTER(list, observer, &here, link);
		observer->fn(reply, observer->arg);
		observer = TAILQ_NEXT(&here, link);
		TAILQ_REMOVE(list, &here, link);
	}
}
