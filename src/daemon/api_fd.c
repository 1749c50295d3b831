/*
 * api_fd: watches of file descriptors.
 *
 * If a module, or a library of it, closes a descriptor that is watched, the kernel forgets the
 * descriptor and libevent does not.  The next file that gets the number is then never reported, for
 * example a client of the control socket.  So after each callback a few of the daemon's descriptors
 * are compared with the files that they were, and a table finds a stale watch when another part of
 * vigild gets the number.
 */
#include "daemon/api_fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <event2/event.h>

#include "base/memory.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"

struct fd_watch {
	struct resource resource; /* must be the first member */
	TAILQ_ENTRY(fd_watch) link;
	struct event *event;
	int fd;
	dev_t device; /* the file that fd was when it was watched */
	ino_t inode;
	vigil_fd_fn *fn;
	void *arg;
};

/* The descriptors that are compared after one callback. */
#define SWEEP 8

/* The newest watch of each descriptor; NULL: none. */
static struct fd_watch **table;
static size_t table_size;

static void fd_watch_free(struct resource *resource)
{
	struct fd_watch *watch = (struct fd_watch *)resource;

	TAILQ_REMOVE(&resource->daemon->fd_watches, watch, link);
	if (table[watch->fd] == watch)
		table[watch->fd] = NULL;
	event_free(watch->event);
	free(watch);
}

static const struct resource_kind fd_watch_kind = {.free = fd_watch_free};

/* Returns false if the descriptor is closed, or is another file now. */
static bool is_same_file(const struct fd_watch *watch)
{
	struct stat st;

	return fstat(watch->fd, &st) == 0 && st.st_dev == watch->device &&
	       st.st_ino == watch->inode;
}

static void drop(struct fd_watch *watch)
{
	struct vigil_daemon *d = watch->resource.daemon;
	int fd = watch->fd;

	daemon_free_resource(&watch->resource);
	vigil_error(d,
		"descriptor %d was closed although it is watched; vigild does not watch it any "
		"more.  Call vigil_unwatch_fd before close",
		fd);
}

void api_fd_sweep(struct vigil_daemon *d)
{
	struct fd_watch *watch;

	for (int i = 0; i < SWEEP && (watch = TAILQ_FIRST(&d->fd_watches)) != NULL; i++) {
		if (!is_same_file(watch)) {
			drop(watch);
			continue;
		}
		if (TAILQ_NEXT(watch, link) == NULL)
			return;
		TAILQ_REMOVE(&d->fd_watches, watch, link);
		TAILQ_INSERT_TAIL(&d->fd_watches, watch, link);
	}
}

void api_fd_opened(int fd)
{
	if (fd >= 0 && (size_t)fd < table_size && table[fd] != NULL)
		drop(table[fd]);
}

static void on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct fd_watch *watch = arg;
	struct vigil_daemon *d = watch->resource.daemon;
	unsigned ready = (what & EV_READ ? VIGIL_READ : 0) | (what & EV_WRITE ? VIGIL_WRITE : 0);
	uint64_t entered = daemon_enter(d, "descriptor");

	watch->fn(d, (int)fd, ready, watch->arg); /* may unwatch */
	daemon_leave(d, entered);
}

static struct fd_watch *find_watch(vigil_daemon *d, int fd)
{
	struct fd_watch *watch;

	TAILQ_FOREACH(watch, &d->fd_watches, link)
		if (watch->fd == fd)
			return watch;
	return NULL;
}

/* Two daemons may watch one file, but a watch of an earlier file of that number is stale. */
static void enter_table(struct fd_watch *watch)
{
	size_t fd = (size_t)watch->fd;

	if (fd < table_size && table[fd] != NULL && !is_same_file(table[fd]))
		drop(table[fd]);
	if (fd >= table_size) {
		size_t size = 2 * fd + 64;

		table = memory_grow(table, size, sizeof(*table));
		memset(table + table_size, 0, (size - table_size) * sizeof(*table));
		table_size = size;
	}
	table[fd] = watch;
}

int vigil_watch_fd(vigil_daemon *d, int fd, unsigned what, vigil_fd_fn *cb, void *arg)
{
	short events = (short)((what & VIGIL_READ ? EV_READ : 0) |
			       (what & VIGIL_WRITE ? EV_WRITE : 0) | EV_PERSIST);
	struct fd_watch *watch;
	struct stat st;

	if (daemon_is_candidate(d, "vigil_watch_fd"))
		return -EPERM;
	if (fd < 0 || cb == NULL || (what & (VIGIL_READ | VIGIL_WRITE)) == 0)
		return daemon_refuse(d, EINVAL,
			"vigil_watch_fd: invalid arguments: descriptor %d, what %u", fd, what);
	if (fstat(fd, &st) < 0)
		return daemon_refuse(d, EBADF, "descriptor %d cannot be watched", fd);
	vigil_unwatch_fd(d, fd); /* a second watch of a descriptor replaces the first */
	watch = memory_zero(sizeof(*watch));
	watch->fd = fd;
	watch->device = st.st_dev;
	watch->inode = st.st_ino;
	watch->fn = cb;
	watch->arg = arg;
	enter_table(watch);
	watch->event = event_new(loop_base(d->environment->loop), fd, events, on_fd, watch);
	if (event_add(watch->event, NULL) < 0) {
		table[fd] = NULL;
		event_free(watch->event);
		free(watch);
		return daemon_refuse(d, EBADF, "descriptor %d cannot be watched", fd);
	}
	TAILQ_INSERT_HEAD(&d->fd_watches, watch, link);
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
