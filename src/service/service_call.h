/*
 * service_call: the types that every file needs that makes, stores or answers a call to a
 * service.
 */
#ifndef SERVICE_CALL_H
#define SERVICE_CALL_H

#include <vigil/vigil.h>

struct service;
struct service_call;

enum service_verb {
	SERVICE_QUERY,
	SERVICE_RESTART,
	SERVICE_START,
	SERVICE_STOP,
	SERVICE_RELOAD,
	SERVICE_VERBS
};

/* The reply is valid only during the callback. */
typedef void service_reply_fn(const vigil_service_reply *reply, void *arg);

#endif
