/*
 * api_service: the services of vigil.h.  A vigil_service is the handle of one daemon for a service
 * that several daemons may share.
 *
 * Each handle has at most one query and one restart in flight.  When the daemon stops, its calls
 * are cancelled, and a late answer is ignored.
 */
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
	struct slot slots[2]; /* indexed by enum service_verb */
	SLIST_HEAD(, listener) listeners;
};

static void handle_free(struct resource *resource)
{
	struct vigil_service *handle = (struct vigil_service *)resource;
	struct listener *listener;

	for (unsigned i = 0; i < 2; i++)
		service_cancel(handle->slots[i].call);
	while ((listener = SLIST_FIRST(&handle->listeners)) != NULL) {
		SLIST_REMOVE_HEAD(&handle->listeners, link);
		service_observer_free(listener->watch);
		free(listener);
	}
	service_close(handle->service);
	free(handle);
}

static bool handle_waits(const struct resource *resource)
{
	const struct vigil_service *handle = (const struct vigil_service *)resource;

	return handle->slots[0].call != NULL || handle->slots[1].call != NULL;
}

static const struct resource_kind handle_kind = {.free = handle_free, .waits = handle_waits};

static void call_back(struct vigil_service *handle, vigil_service_fn *fn,
	const vigil_service_reply *reply, void *arg)
{
	struct vigil_daemon *d = handle->resource.daemon;
	uint64_t entered = daemon_enter(d);

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

vigil_service *vigil_service_open(vigil_daemon *d, const vigil_service_spec *spec)
{
	struct vigil_service *handle;
	struct service *service;

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
	if (d->service == NULL)
		d->service = service_name(service);
	daemon_attach(d, &handle->resource, &handle_kind);
	return handle;
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

int vigil_service_restart(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	return ask(svc, SERVICE_RESTART, cb, arg);
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
