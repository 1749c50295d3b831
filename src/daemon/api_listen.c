/*
 * api_listen: the listening sockets of daemons.
 *
 * One connection is accepted for each event, because the callback may close the socket or stop the
 * daemon.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "base/memory.h"
#include "daemon/api_fd.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"
#include "process/listen.h"

/* Until the next attempt after accept has failed; without it, the loop would spin. */
#define PAUSE CLOCK_SECOND

struct listening {
	struct resource resource; /* must be the first member */
	struct listen socket;
	struct event *event;      /* NULL: the module accepts */
	struct loop_timer *again; /* NULL: connections are accepted */
	vigil_accept_fn *fn;
	void *arg;
	char address[];
};

static void listening_free(struct resource *resource)
{
	struct listening *l = (struct listening *)resource;

	loop_timer_free(l->again);
	if (l->event != NULL)
		event_free(l->event);
	listen_close(&l->socket);
	free(l);
}

static const struct resource_kind listening_kind = {.free = listening_free};

static void on_again(uint64_t missed, void *arg)
{
	struct listening *l = arg;

	loop_timer_free(l->again);
	l->again = NULL;
	event_add(l->event, NULL);
}

/* The client may have gone before it was accepted. */
static bool is_passing(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR || err == ECONNABORTED ||
	       err == EPROTO;
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct listening *l = arg;
	struct vigil_daemon *d = l->resource.daemon;
	int connection = accept4((int)fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), err = errno;
	uint64_t entered;

	if (connection >= 0) {
		api_fd_opened(connection);
		entered = daemon_enter(d, "accept");
		l->fn(d, connection, l->arg);
		daemon_leave(d, entered);
	} else if (!is_passing(err)) {
		event_del(l->event);
		l->again = loop_after(d->environment->loop, PAUSE, on_again, l);
		vigil_error(
			d, "no connection can be accepted at %s: %s", l->address, strerror(err));
	}
}

/* How many sockets the daemon has opened at this address. */
static unsigned count(const struct vigil_daemon *d, const char *address)
{
	const struct resource *resource;
	unsigned n = 0;

	TAILQ_FOREACH(resource, &d->resources, link)
		if (resource->kind == &listening_kind)
			n += strcmp(((const struct listening *)resource)->address, address) == 0;
	return n;
}

static int watch(vigil_daemon *d, struct listening *l)
{
	l->event = event_new(loop_base(d->environment->loop), l->socket.fd, EV_READ | EV_PERSIST,
		on_connection, l);
	return l->event != NULL && event_add(l->event, NULL) == 0 ? 0 : -ENOMEM;
}

int vigil_listen(vigil_daemon *d, const vigil_listen_spec *spec)
{
	struct listening *l;
	char why[160];
	unsigned before;
	int err;

	if (daemon_is_candidate(d, "vigil_listen"))
		return -EPERM;
	if (spec == NULL || spec->size < sizeof(*spec) || spec->address == NULL)
		return daemon_refuse(
			d, EINVAL, "vigil_listen: invalid spec: no size or no address");
	before = count(d, spec->address);
	l = memory_zero(sizeof(*l) + strlen(spec->address) + 1);
	strcpy(l->address, spec->address);
	l->fn = spec->on_accept;
	l->arg = spec->arg;
	err = listen_open(&l->socket, spec->address, spec->group, before, why, sizeof(why));
	if (err != 0) {
		free(l);
		if (err == -ENOENT && before > 0)
			return err;
		return daemon_refuse(d, -err, "listen: %.100s: %s", spec->address, why);
	}
	api_fd_opened(l->socket.fd);
	daemon_attach(d, &l->resource, &listening_kind);
	if (l->fn == NULL || watch(d, l) == 0)
		return l->socket.fd;
	daemon_free_resource(&l->resource);
	return daemon_refuse(d, ENOMEM, "listen: %.100s: out of memory", spec->address);
}

int vigil_listen_close(vigil_daemon *d, int fd)
{
	struct resource *resource;

	if (daemon_is_candidate(d, "vigil_listen_close"))
		return -EPERM;
	TAILQ_FOREACH(resource, &d->resources, link) {
		if (resource->kind != &listening_kind ||
			((struct listening *)resource)->socket.fd != fd)
			continue;
		daemon_free_resource(resource);
		return 0;
	}
	return -ENOENT;
}

int vigil_check_address(const char *address, char *why, size_t size)
{
	return listen_check(address, why, size);
}
