/*
 * api_fd: watches of file descriptors.
 */
#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/memory.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"

struct fd_watch {
	struct resource resource; /* must be the first member */
	struct event *event;
	int fd;
	vigil_fd_fn *fn;
	void *arg;
};

static void fd_watch_free(struct resource *resource)
{
	struct fd_watch *watch = (struct fd_watch *)resource;

	event_free(watch->event);
	free(watch);
}

static const struct resource_kind fd_watch_kind = {.free = fd_watch_free};

static void on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct fd_watch *watch = arg;
	struct vigil_daemon *d = watch->resource.daemon;
	unsigned ready = (what & EV_READ ? VIGIL_READ : 0) | (what & EV_WRITE ? VIGIL_WRITE : 0);
	uint64_t entered = daemon_enter(d);

	watch->fn(d, (int)fd, ready, watch->arg); /* may unwatch */
	daemon_leave(d, entered);
}

static struct fd_watch *find_watch(vigil_daemon *d, int fd)
{
	struct resource *resource;

	TAILQ_FOREACH(resource, &d->resources, link)
		if (resource->kind == &fd_watch_kind && ((struct fd_watch *)resource)->fd == fd)
			return (struct fd_watch *)resource;
	return NULL;
}

int vigil_watch_fd(vigil_daemon *d, int fd, unsigned what, vigil_fd_fn *cb, void *arg)
{
	short events = (short)((what & VIGIL_READ ? EV_READ : 0) |
			       (what & VIGIL_WRITE ? EV_WRITE : 0) | EV_PERSIST);
	struct fd_watch *watch;

	if (daemon_is_candidate(d, "vigil_watch_fd"))
		return -EPERM;
	if (fd < 0 || cb == NULL || (what & (VIGIL_READ | VIGIL_WRITE)) == 0)
		return daemon_refuse(d, EINVAL,
			"vigil_watch_fd: invalid arguments: descriptor %d, what %u", fd, what);
	vigil_unwatch_fd(d, fd); /* a second watch of a descriptor replaces the first */
	watch = memory_zero(sizeof(*watch));
	watch->fd = fd;
	watch->fn = cb;
	watch->arg = arg;
	watch->event = event_new(loop_base(d->environment->loop), fd, events, on_fd, watch);
	if (watch->event == NULL || event_add(watch->event, NULL) < 0) {
		if (watch->event != NULL)
			event_free(watch->event);
		free(watch);
		return daemon_refuse(d, EBADF, "descriptor %d cannot be watched", fd);
	}
	daemon_attach(d, &watch->resource, &fd_watch_kind);
	return 0;
}

int vigil_unwatch_fd(vigil_daemon *d, int fd)
{
	struct fd_watch *watch = find_watch(d, fd);

	if (daemon_is_candidate(d, "vigil_unwatch_fd"))
		return -EPERM;
	if (watch == NULL)
		return -ENOENT;
	daemon_free_resource(&watch->resource);
	return 0;
}
