/*
 * service_observers: the callbacks for changes of a service's status.
 */
#ifndef SERVICE_OBSERVERS_H
#define SERVICE_OBSERVERS_H

#include <sys/queue.h>

#include "service/service_call.h"

struct service_observer {
	struct observer_list *list;
	service_reply_fn *fn;
	void *arg;
	TAILQ_ENTRY(service_observer) link;
};

TAILQ_HEAD(observer_list, service_observer);

struct service_observer *service_observer_new(
	struct observer_list *list, service_reply_fn *fn, void *arg);
void service_observer_free(struct service_observer *observer);
/* Calls all observers. A callback may free any of them and may add new ones, but must not call
 * this function for the same list. The list must outlive the call. */
void service_observers_notify(struct observer_list *list, const vigil_service_reply *reply);

#endif
