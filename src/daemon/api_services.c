/*
 * api_services: lists all services of the machine for a daemon, by vigil_services_each, and reports
 * changes of their set.
 *
 * A daemon has one listing in progress at most.  When the daemon stops, the listing is cancelled.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "service/services.h"

#define TIMEOUT_MAX 86400.0

struct each {
	struct resource resource; /* must be the first member */
	struct services_list_call *call;
	vigil_services_fn *entry;
	vigil_services_end_fn *end;
	void *arg;
};

static void each_free(struct resource *resource)
{
	struct each *each = (struct each *)resource;

	services_list_cancel(each->call);
	free(each);
}

static bool each_waits(const struct resource *resource)
{
	return true;
}

static const struct resource_kind kind = {.free = each_free, .waits = each_waits};

static void on_entry(const vigil_service_entry *entry, void *arg)
{
	struct each *each = arg;
	struct vigil_daemon *d = each->resource.daemon;
	uint64_t entered = daemon_enter(d, "service entry");

	each->entry(d, entry, each->arg);
	daemon_leave(d, entered);
}

/* Frees the resource first, so that the callback may list the services again. */
static void on_end(int error, const char *text, void *arg)
{
	struct each *each = arg;
	struct vigil_daemon *d = each->resource.daemon;
	vigil_services_end_fn *end = each->end;
	void *end_arg = each->arg;
	uint64_t entered;

	each->call = NULL;
	daemon_free_resource(&each->resource);
	if (error == -ECANCELED)
		return; /* the host is stopping, and it stops the daemon as well */
	entered = daemon_enter(d, "end of the services");
	end(d, error, text, end_arg);
	daemon_leave(d, entered);
}

static bool is_busy(const struct vigil_daemon *d)
{
	const struct resource *resource;

	TAILQ_FOREACH(resource, &d->resources, link)
		if (resource->kind == &kind)
			return true;
	return false;
}

/* Frees each if it cannot be started. */
static int start(
	struct vigil_daemon *d, struct each *each, const struct services_list_request *request)
{
	each->call = services_list(d->environment->services, request);
	if (each->call == NULL) {
		int err = -errno;

		free(each);
		return err;
	}
	daemon_attach(d, &each->resource, &kind);
	return 0;
}

int vigil_services_each(vigil_daemon *d, const vigil_services_spec *given, vigil_services_fn *entry,
	vigil_services_end_fn *end, void *arg)
{
	vigil_services_spec spec = {0};
	struct each *each;

	if (daemon_is_candidate(d, "vigil_services_each"))
		return -EPERM;
	if (entry == NULL || end == NULL)
		return daemon_refuse(d, EINVAL, "vigil_services_each: a callback is missing");
	if (given != NULL && given->size < sizeof(size_t))
		return daemon_refuse(d, EINVAL, "vigil_services_each: invalid spec: no size");
	/* A module that was compiled with an older header has a shorter struct. */
	if (given != NULL)
		memcpy(&spec, given, given->size < sizeof(spec) ? given->size : sizeof(spec));
	if (!(spec.timeout >= 0 && spec.timeout <= TIMEOUT_MAX))
		return daemon_refuse(d, EINVAL, "vigil_services_each: the timeout is out of range");
	if (is_busy(d))
		return -EBUSY;
	each = memory_zero(sizeof(*each));
	*each = (struct each){.entry = entry, .end = end, .arg = arg};
	return start(d, each,
		&(struct services_list_request){.only = spec.only,
			.timeout = clock_from_seconds(spec.timeout),
			.on_entry = on_entry,
			.on_end = on_end,
			.arg = each});
}

/* --- changes of the set ----------------------------------------------------------------------- */

struct set_watch {
	struct resource resource; /* must be the first member */
	struct services_observer *observer;
	vigil_services_change_fn *fn;
	void *arg;
};

static void set_watch_free(struct resource *resource)
{
	struct set_watch *watch = (struct set_watch *)resource;

	services_observer_free(watch->observer);
	free(watch);
}

static const struct resource_kind set_watch_kind = {.free = set_watch_free};

static void on_set_change(const char *manager, const char *name, void *arg)
{
	struct set_watch *watch = arg;
	struct vigil_daemon *d = watch->resource.daemon;
	uint64_t entered = daemon_enter(d, "change of the services");

	watch->fn(d, manager, name, watch->arg);
	daemon_leave(d, entered);
}

int vigil_services_on_change(vigil_daemon *d, vigil_services_change_fn *cb, void *arg)
{
	struct set_watch *watch;

	if (daemon_is_candidate(d, "vigil_services_on_change"))
		return -EPERM;
	if (cb == NULL)
		return daemon_refuse(d, EINVAL, "vigil_services_on_change without a callback");
	watch = memory_zero(sizeof(*watch));
	*watch = (struct set_watch){.fn = cb, .arg = arg};
	daemon_attach(d, &watch->resource, &set_watch_kind);
	watch->observer = services_on_change(d->environment->services, on_set_change, watch);
	return 0;
}
