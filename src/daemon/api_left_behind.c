/* api_left_behind: tells a daemon about the processes that its children have left running. */
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"
#include "process/left_behind.h"

struct subscription {
	struct resource resource; /* must be the first member */
	struct left_behind_watch *watch;
	vigil_left_behind_fn *fn;
	void *arg;
};

static void subscription_free(struct resource *resource)
{
	struct subscription *sub = (struct subscription *)resource;

	left_behind_unwatch(sub->watch);
	free(sub);
}

static const struct resource_kind kind = {.free = subscription_free};

static void on_left(pid_t pid, const char *comm, uint64_t count, void *arg)
{
	struct subscription *sub = arg;
	struct vigil_daemon *d = sub->resource.daemon;
	uint64_t entered = daemon_enter(d, "processes left behind");

	sub->fn(d, &(vigil_left_behind){.pid = pid, .name = comm, .count = (size_t)count},
		sub->arg);
	daemon_leave(d, entered);
}

int vigil_on_left_behind(vigil_daemon *d, vigil_left_behind_fn *cb, void *arg)
{
	struct subscription *sub;

	if (daemon_is_candidate(d, "vigil_on_left_behind"))
		return -EPERM;
	if (cb == NULL)
		return daemon_refuse(d, EINVAL, "vigil_on_left_behind: no callback");
	sub = memory_zero(sizeof(*sub));
	sub->fn = cb;
	sub->arg = arg;
	sub->watch = left_behind_watch(d->environment->loop, d->name, on_left, sub);
	daemon_attach(d, &sub->resource, &kind);
	return 0;
}
