/*
 * service: the services that daemons monitor, and the calls to them.
 *
 * Daemons that name the same service with the same options share one struct service and its
 * queue of calls. At most one call of a service is in flight. A call joins an equal call that is in
 * flight; any other call waits in the queue. Two names of one systemd unit also share a restart, a
 * start or a stop. A reply callback is never called from within service_ask.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "service/service_call.h"
#include "service/service_observers.h"
#include "service/service_taker.h"

struct services;

/* Opens a service, or returns another reference to one that is open. Returns NULL and sets
 * errno: EINVAL if the name is not valid, ENOTSUP if the manager is not available in this build. */
struct service *service_open(struct services *services, const vigil_service_spec *spec);
void service_close(struct service *service);
const char *service_name(const struct service *service);
/* The name of the manager, which is static text; "auto": it is not known yet. */
const char *service_manager(const struct service *service);
/* The manager's name of the service, as in vigil_service_reply; "": unknown. */
const char *service_unit(const struct service *service);
/* Returns the length of a name without the suffix ".service", which systemd adds. */
size_t service_bare_length(const char *name);

/* Queries, restarts, starts or stops the service; fn gets the reply. Returns NULL and sets errno on
 * failure: EAGAIN if the queue is full, ECANCELED if vigild is stopping. The call is freed before
 * fn runs. */
struct service_call *service_ask(
	struct service *service, enum service_verb verb, service_reply_fn *fn, void *arg);
/* Returns why a restart that can wait is not made at present: packages are being installed or
 * removed, or the machine is shutting down (static text); NULL: nothing defers it. */
const char *service_deferred(struct service *service);
/* When the query ended that found the present status, by clock_now; 0: there is none. */
uint64_t service_known_since(const struct service *service);
/* Whether a query would be answered from the cache, with the status that was known at that time.
 * Counts as such a query. */
bool service_is_as_known(struct service *service, uint64_t since);
/* Cancels and frees the call; fn does not run. NULL is allowed. */
void service_cancel(struct service_call *call);

/* Registers the daemon as one that takes care of the service. The name must remain valid. */
void service_taker_add(
	struct service_taker *taker, struct service *service, const char *daemon, bool many);
/* Does nothing if it is not registered. */
void service_taker_remove(struct service_taker *taker);
/* Returns another daemon that takes care of the same service and has precedence: one that takes
 * care of this service alone has precedence over one that takes care of many. Among equals, the one
 * that was registered first has precedence. NULL: there is none. */
const struct service_taker *service_taker_before(const struct service_taker *taker);
/* Whether a service that is watched through one manager may be the service of another manager: a
 * daemon may watch a service of systemd through its init script or by commands. "auto": the manager
 * is not known yet. */
bool service_managers_meet(const char *watched, const char *manager);

/* fn is called when a query finds a status that differs from the previous one, whichever daemon
 * requested the query. */
struct service_observer *service_on_change(
	struct service *service, service_reply_fn *fn, void *arg);
/* fn is called as soon as the service's process exits or its manager signals a change, before
 * any query. The reply is the cached status; its text is the event ("" if the event is not worth
 * a message). */
struct service_observer *service_on_stale(struct service *service, service_reply_fn *fn, void *arg);

#endif
