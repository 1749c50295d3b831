/*
 * daemon_verb: the verbs of vigilctl that a module handles; vigil_on_verb registers them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"

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
