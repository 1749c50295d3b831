/*
 * service_observers: who is called when the status of a service changes.
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
/* Calls all of them.  A callback may free any of them, and add new ones; the list must outlive the
 * call. */
void service_observers_notify(struct observer_list *list, const vigil_service_reply *reply);

#endif
