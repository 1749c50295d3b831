/*
 * api_slot: the slots of vigil.h, which limit how many expensive children run at the same time.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "process/slot_queue.h"

#define WITHIN_MAX (366 * 86400.0)

struct vigil_slot {
	struct resource resource; /* must be the first member */
	struct slot *slot;
	vigil_tick_fn *fn;
	void *arg;
};

static void vigil_slot_release(struct resource *resource)
{
	vigil_slot *slot = (vigil_slot *)resource;

	slot_free(slot->slot);
	free(slot);
}

static bool vigil_slot_waits(const struct resource *resource)
{
	return slot_is_waiting(((const vigil_slot *)resource)->slot);
}

static const struct resource_kind kind = {.free = vigil_slot_release, .waits = vigil_slot_waits};

static void on_granted(struct slot *granted, void *arg)
{
	vigil_slot *slot = arg;
	struct vigil_daemon *d = slot->resource.daemon;
	uint64_t entered = daemon_enter(d, "slot");

	slot->fn(d, slot->arg);
	daemon_leave(d, entered);
}

vigil_slot *vigil_slot_request(vigil_daemon *d, double within, vigil_tick_fn *cb, void *arg)
{
	vigil_slot *slot;

	if (daemon_is_candidate(d, "vigil_slot_request"))
		return NULL;
	if (cb == NULL || !(within >= 0 && within <= WITHIN_MAX)) {
		daemon_refuse(d, EINVAL, "vigil_slot_request: no callback, or a time out of range");
		return NULL;
	}
	slot = memory_zero(sizeof(*slot));
	slot->fn = cb;
	slot->arg = arg;
	slot->slot = slot_request(
		d->environment->slots, clock_now() + clock_from_seconds(within), on_granted, slot);
	daemon_attach(d, &slot->resource, &kind);
	return slot;
}

void vigil_slot_free(vigil_slot *slot)
{
	if (slot != NULL)
		daemon_free_resource(&slot->resource);
}
