/* slot_queue: the implementation of process/slot_queue.h in vigil-module-host: vigild has the
 * queue, for all daemons. */
#include "process/slot_queue.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"
#include "module_host/module_host.h"
#include "module_host/parent.h"

struct slot {
	json_int_t id;
	bool granted;
	slot_granted_fn *fn;
	void *arg;
	SLIST_ENTRY(slot) link;
};

static SLIST_HEAD(, slot) slots = SLIST_HEAD_INITIALIZER(slots);
static json_int_t last;

struct slot *slot_request(
	struct slot_queue *queue, uint64_t due, slot_granted_fn *granted, void *arg)
{
	struct slot *slot = memory_zero(sizeof(*slot));
	uint64_t now = clock_now();

	*slot = (struct slot){.id = ++last, .fn = granted, .arg = arg};
	SLIST_INSERT_HEAD(&slots, slot, link);
	parent_tell(json_pack(
		"[s,I,f]", "slot", slot->id, due > now ? clock_to_seconds(due - now) : 0.0));
	return slot;
}

bool slot_is_waiting(const struct slot *slot)
{
	return !slot->granted;
}

void slot_free(struct slot *slot)
{
	parent_tell(json_pack("[s,I]", "slot_free", slot->id));
	SLIST_REMOVE(&slots, slot, slot, link);
	free(slot);
}

void module_host_on_granted(json_int_t id)
{
	struct slot *slot;

	SLIST_FOREACH(slot, &slots, link)
		if (slot->id == id)
			break;
	if (slot == NULL)
		return; /* it was freed meanwhile */
	slot->granted = true;
	slot->fn(slot, slot->arg);
}
