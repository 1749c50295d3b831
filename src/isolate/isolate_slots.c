/*
 * isolate_slots: the slots of an isolated daemon, which limit how many programs run at a time.
 *
 * vigild has the queue of all daemons.  A process that keeps a slot without a program is killed,
 * because the programs of other daemons would wait for it.
 */
#include "isolate/isolate_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

#define SLOTS_MAX 1000

struct isolated_slot {
	struct isolated *p;
	json_int_t id;
	vigil_slot *slot;
	uint64_t granted; /* when it was granted, by clock_now; 0: it is waited for */
	SLIST_ENTRY(isolated_slot) link;
};

static void on_granted(vigil_daemon *d, void *arg)
{
	struct isolated_slot *slot = arg;

	slot->granted = clock_now();
	isolate_send(slot->p, json_pack("[s,I]", "granted", slot->id));
}

bool isolate_keeps_slot(const struct isolated *p, uint64_t now)
{
	const struct isolated_slot *slot;

	if (json_object_size(p->children) > 0)
		return false;
	SLIST_FOREACH(slot, &p->slots, link)
		if (slot->granted != 0 && now - slot->granted > p->timeout)
			return true;
	return false;
}

static struct isolated_slot *find_slot(struct isolated *p, json_int_t id, size_t *count)
{
	struct isolated_slot *slot;

	SLIST_FOREACH(slot, &p->slots, link) {
		if (slot->id == id)
			return slot;
		if (count != NULL)
			(*count)++;
	}
	return NULL;
}

bool isolate_on_slot(struct isolated *p, const json_t *message)
{
	json_int_t id = isolate_number(message, 1);
	struct isolated_slot *slot;
	size_t count = 0;

	if (find_slot(p, id, &count) != NULL || count >= SLOTS_MAX)
		return false;
	slot = memory_zero(sizeof(*slot));
	slot->p = p;
	slot->id = id;
	slot->slot = vigil_slot_request(p->resource.daemon,
		json_number_value(json_array_get(message, 2)), on_granted, slot);
	SLIST_INSERT_HEAD(&p->slots, slot, link);
	return slot->slot != NULL;
}

bool isolate_on_slot_free(struct isolated *p, const json_t *message)
{
	struct isolated_slot *slot = find_slot(p, isolate_number(message, 1), NULL);

	if (slot == NULL)
		return false;
	vigil_slot_free(slot->slot);
	SLIST_REMOVE(&p->slots, slot, isolated_slot, link);
	free(slot);
	return true;
}

void isolate_forget_slots(struct isolated *p)
{
	struct isolated_slot *slot;

	while ((slot = SLIST_FIRST(&p->slots)) != NULL) {
		SLIST_REMOVE_HEAD(&p->slots, link);
		free(slot);
	}
}
