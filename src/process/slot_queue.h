/*
 * slot_queue: limits how many expensive children run at the same time.
 *
 * The caller requests a slot before it starts such a child.  Requests wait in the order of their
 * due times.  A granted slot is held until it is freed.  The callers start children when a slot is
 * granted, and a start takes up to some milliseconds on a small machine.  So after 5 ms of grants
 * the other requests wait for the next iteration of the loop.
 */
#ifndef SLOT_QUEUE_H
#define SLOT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct slot;
struct slot_queue;

/* most: the number of slots. */
struct slot_queue *slot_queue_new(struct loop *loop, unsigned most);
/* The caller must have freed all slots before. */
void slot_queue_free(struct slot_queue *queue);
/* When more slots than that are held, they stay held. */
void slot_queue_set_most(struct slot_queue *queue, unsigned most);

struct slot_counts {
	unsigned most, held, waiting;
};
void slot_queue_counts(const struct slot_queue *queue, struct slot_counts *counts);

/* Called from the loop, never in slot_request, when the slot is granted.  The callback may free
 * it. */
typedef void slot_granted_fn(struct slot *slot, void *arg);
/* Requests a slot.  due: the latest time at which it should be granted, by clock_now; requests are
 * granted in the order of due. */
struct slot *slot_request(
	struct slot_queue *queue, uint64_t due, slot_granted_fn *granted, void *arg);
bool slot_is_waiting(const struct slot *slot);
/* Frees a slot that is held, or withdraws the request. */
void slot_free(struct slot *slot);

#endif
