/*
 * api_core: memory that belongs to a daemon, the module's data and the event base.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/memory.h"
#include "daemon/candidate.h"
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

	daemon_check_thread(d, "vigil_alloc");
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

void vigil_free(vigil_daemon *d, void *memory)
{
	struct block *block;

	daemon_check_thread(d, "vigil_free");
	if (memory == NULL)
		return;
	block = (struct block *)((char *)memory - offsetof(struct block, bytes));
	if (block->resource.daemon == d && block->resource.kind == &block_kind)
		daemon_free_resource(&block->resource);
	else
		daemon_refuse(d, EINVAL, "vigil_free: the memory is not of vigil_alloc");
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
