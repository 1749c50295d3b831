/*
 * api_own: the basic functions of vigil.h: memory, the module's data, the event base, file
 * descriptors and verbs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/memory.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"

#define SMALL (64 * 1024)

struct block {
	struct resource resource; /* must be the first member */
	max_align_t bytes[];
};

static void block_free(struct resource *resource)
{
	free(resource);
}

static const struct resource_kind block_kind = {.free = block_free};

void *vigil_alloc(vigil_daemon *d, size_t size)
{
	struct block *block = NULL;

	if (size <= SMALL)
		block = memory_zero(sizeof(*block) + size);
	else if (size <= SIZE_MAX - sizeof(*block))
		block = calloc(1, sizeof(*block) + size);
	if (block == NULL) {
		daemon_refuse(d, ENOMEM, "out of memory: %zu bytes were requested", size);
		return NULL;
	}
	daemon_attach(d, &block->resource, &block_kind);
	return block->bytes;
}

void vigil_set_data(vigil_daemon *d, void *data)
{
	if (daemon_is_candidate(d, "vigil_set_data"))
		return;
	d->data = data;
}

void *vigil_data(vigil_daemon *d)
{
	if (daemon_is_candidate(d, "vigil_data"))
		return NULL;
	return d->data;
}

struct event_base *vigil_base(vigil_daemon *d)
{
	if (daemon_is_candidate(d, "vigil_base"))
		return NULL;
	return loop_base(d->environment->loop);
}

/* --- descriptors ------------------------------------------------------------------------------ */

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

/* --- verbs ------------------------------------------------------------------------------------ */

struct verb {
	struct resource resource; /* must be the first member */
	vigil_verb_fn *fn;
	void *arg;
	char name[];
};

static void verb_free(struct resource *resource)
{
	free(resource);
}

static const struct resource_kind verb_kind = {.free = verb_free};

int vigil_on_verb(vigil_daemon *d, const char *name, vigil_verb_fn *cb, void *arg)
{
	struct verb *verb;

	if (daemon_is_candidate(d, "vigil_on_verb"))
		return -EPERM;
	if (name == NULL || cb == NULL)
		return daemon_refuse(d, EINVAL, "vigil_on_verb: no name or no callback is given");
	verb = memory_zero(sizeof(*verb) + strlen(name) + 1);
	strcpy(verb->name, name);
	verb->fn = cb;
	verb->arg = arg;
	daemon_attach(d, &verb->resource, &verb_kind);
	return 0;
}

int daemon_verb(struct vigil_daemon *d, const char *name)
{
	struct resource *resource;
	uint64_t entered;
	int err;

	TAILQ_FOREACH(resource, &d->resources, link) {
		struct verb *verb = (struct verb *)resource;

		if (resource->kind != &verb_kind || strcmp(verb->name, name) != 0)
			continue;
		entered = daemon_enter(d);
		err = verb->fn(d, verb->arg);
		daemon_leave(d, entered);
		return err;
	}
	return -ENOSYS;
}
