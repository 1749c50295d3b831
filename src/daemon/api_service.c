/*
 * api_service: the services of vigil.h.  A vigil_service is the handle of one daemon for a service
 * that several daemons may share.
 *
 * Each handle has at most one query, one restart, one start and one stop in flight.  When the
 * daemon stops, its calls are cancelled, and a late answer is ignored.
 */
#include "daemon/api_service.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "service/manager.h"
#include "service/service.h"

struct slot {
	struct service_call *call; /* NULL: no call in flight */
	struct vigil_service *handle;
	vigil_service_fn *fn;
	void *arg;
};

struct listener {
	struct service_observer *watch;
	struct vigil_service *handle;
	vigil_service_fn *fn;
	void *arg;
	SLIST_ENTRY(listener) link;
};

struct vigil_service {
	struct resource resource; /* must be the first member */
	struct service *service;
	bool observe; /* the daemon never changes the service */
	struct service_taker taker;
	struct slot slots[SERVICE_VERBS];
	SLIST_HEAD(, listener) listeners;
};

static void handle_free(struct resource *resource)
{
	struct vigil_service *handle = (struct vigil_service *)resource;
	struct listener *listener;

	for (unsigned i = 0; i < SERVICE_VERBS; i++)
		service_cancel(handle->slots[i].call);
	while ((listener = SLIST_FIRST(&handle->listeners)) != NULL) {
		SLIST_REMOVE_HEAD(&handle->listeners, link);
		service_observer_free(listener->watch);
		free(listener);
	}
	service_taker_remove(&handle->taker);
	handle->resource.daemon->resting = NULL;
	service_close(handle->service);
	free(handle);
}

static bool handle_waits(const struct resource *resource)
{
	const struct vigil_service *handle = (const struct vigil_service *)resource;

	for (unsigned i = 0; i < SERVICE_VERBS; i++)
		if (handle->slots[i].call != NULL)
			return true;
	return false;
}

static const struct resource_kind handle_kind = {.free = handle_free, .waits = handle_waits};

static void call_back(struct vigil_service *handle, vigil_service_fn *fn,
	const vigil_service_reply *reply, void *arg)
{
	struct vigil_daemon *d = handle->resource.daemon;
	uint64_t entered = daemon_enter(d, "service");

	fn(handle, reply, arg);
	daemon_leave(d, entered);
}

static void on_reply(const vigil_service_reply *reply, void *arg)
{
	struct slot *slot = arg;

	slot->call = NULL;
	if (reply->error == -ECANCELED)
		return; /* the host is stopping, and it stops the daemon as well */
	call_back(slot->handle, slot->fn, reply, slot->arg);
}

static void on_status(const vigil_service_reply *reply, void *arg)
{
	struct listener *listener = arg;

	call_back(listener->handle, listener->fn, reply, listener->arg);
}

/* Whether a flag of the spec is set.  A module may have been compiled with a header that does not
 * have it yet. */
#define IS_SET(spec, flag) ((spec)->size > offsetof(vigil_service_spec, flag) && (spec)->flag)

vigil_service *vigil_service_open(vigil_daemon *d, const vigil_service_spec *spec)
{
	struct vigil_service *handle;
	struct service *service;
	bool many;

	if (daemon_is_candidate(d, "vigil_service_open"))
		return NULL;
	if (spec == NULL || spec->size < sizeof(size_t) + sizeof(char *) || spec->name == NULL) {
		daemon_refuse(d, EINVAL, "vigil_service_open: invalid spec: no size or no name");
		return NULL;
	}
	service = service_open(d->environment->services, spec);
	if (service == NULL && errno == ENOTSUP) {
		daemon_refuse(d, ENOTSUP, "unknown service manager \"%s\"; use one of: %s",
			spec->manager, manager_names());
		return NULL;
	}
	if (service == NULL) {
		daemon_refuse(d, EINVAL, "invalid service name \"%s\"", spec->name);
		return NULL;
	}
	handle = memory_zero(sizeof(*handle));
	handle->service = service;
	SLIST_INIT(&handle->listeners);
	handle->observe = IS_SET(spec, observe);
	many = IS_SET(spec, one_of_many);
	if (!handle->observe)
		service_taker_add(&handle->taker, service, d->name, many);
	if (d->service == NULL && !handle->observe && !many)
		d->service = service_name(service);
	daemon_attach(d, &handle->resource, &handle_kind);
	return handle;
}

void vigil_service_close(vigil_service *svc)
{
	vigil_daemon *d = svc->resource.daemon;

	if (d->service == service_name(svc->service))
		d->service = NULL;
	daemon_free_resource(&svc->resource);
}

void api_service_each(const struct vigil_daemon *d,
	void (*fn)(const struct service *service, void *arg), void *arg)
{
	const struct resource *resource;

	TAILQ_FOREACH(resource, &d->resources, link)
		if (resource->kind == &handle_kind &&
			!((const struct vigil_service *)resource)->observe)
			fn(((const struct vigil_service *)resource)->service, arg);
}

vigil_daemon *vigil_service_daemon(vigil_service *svc)
{
	return svc->resource.daemon;
}

const char *vigil_service_name(const vigil_service *svc)
{
	return service_name(svc->service);
}

static int ask(vigil_service *svc, enum service_verb verb, vigil_service_fn *fn, void *arg)
{
	struct slot *slot;

	if (svc == NULL || fn == NULL)
		return -EINVAL;
	slot = &svc->slots[verb];
	if (slot->call != NULL)
		return -EBUSY;
	*slot = (struct slot){.handle = svc, .fn = fn, .arg = arg};
	slot->call = service_ask(svc->service, verb, on_reply, slot);
	return slot->call != NULL ? 0 : -errno;
}

int vigil_service_query(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	return ask(svc, SERVICE_QUERY, cb, arg);
}

void vigil_service_rest(vigil_service *svc)
{
	if (svc == NULL)
		return;
	svc->resource.daemon->resting = svc->service;
	svc->resource.daemon->resting_since = service_known_since(svc->service);
}

int vigil_service_restart(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	return ask(svc, SERVICE_RESTART, cb, arg);
}

const char *vigil_service_taken(vigil_service *svc)
{
	const struct service_taker *taker = svc != NULL ? service_taker_before(&svc->taker) : NULL;

	return taker != NULL ? taker->daemon : NULL;
}

const char *vigil_service_deferred(vigil_service *svc)
{
	return svc != NULL ? service_deferred(svc->service) : NULL;
}

int vigil_service_start(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	return ask(svc, SERVICE_START, cb, arg);
}

int vigil_service_stop(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	return ask(svc, SERVICE_STOP, cb, arg);
}

int vigil_service_reload(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	return ask(svc, SERVICE_RELOAD, cb, arg);
}

static struct listener *listener_new(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	struct listener *listener = memory_zero(sizeof(*listener));

	*listener = (struct listener){.handle = svc, .fn = cb, .arg = arg};
	SLIST_INSERT_HEAD(&svc->listeners, listener, link);
	return listener;
}

int vigil_service_on_change(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	struct listener *listener;

	if (svc == NULL)
		return -EINVAL;
	if (cb == NULL)
		return daemon_refuse(
			svc->resource.daemon, EINVAL, "vigil_service_on_change without a callback");
	listener = listener_new(svc, cb, arg);
	listener->watch = service_on_change(svc->service, on_status, listener);
	return 0;
}

int vigil_service_on_stale(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	struct listener *listener;

	if (svc == NULL)
		return -EINVAL;
	if (cb == NULL)
		return daemon_refuse(
			svc->resource.daemon, EINVAL, "vigil_service_on_stale without a callback");
	listener = listener_new(svc, cb, arg);
	listener->watch = service_on_stale(svc->service, on_status, listener);
	return 0;
}
