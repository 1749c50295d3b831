/*
 * service_call: what a call to a service is, for everyone who makes, keeps or answers one.
 */
#ifndef SERVICE_CALL_H
#define SERVICE_CALL_H

#include <vigil/vigil.h>

struct service;
struct service_call;

enum service_verb { SERVICE_QUERY, SERVICE_RESTART };

/* The reply is borrowed for the call. */
typedef void service_reply_fn(const vigil_service_reply *reply, void *arg);

#endif
