/*
 * slot_queue: how many costly children run at once, and who may start one next.
 *
 * Whoever wants to start such a child requests a slot.  Requests wait in the order of their due times;
 * one that is granted holds its slot until it is freed.  Children are started from the grants, and a
 * start takes up to some milliseconds on a small machine: after 5 ms of grants in one turn of the loop
 * the next ones wait for the next turn.
 */
#ifndef SLOT_QUEUE_H
#define SLOT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct slot;
struct slot_queue;

/* NULL and errno.  most: the slots there are. */
struct slot_queue *slot_queue_new(struct loop *loop, unsigned most);
/* Every slot has been freed before. */
void slot_queue_free(struct slot_queue *queue);
/* Of more slots than that which are held, none is taken back. */
void slot_queue_set_most(struct slot_queue *queue, unsigned most);

struct slot_counts {
	unsigned most, held, waiting;
};
void slot_queue_counts(const struct slot_queue *queue, struct slot_counts *counts);

/* Called from the loop, never inside slot_request: the slot is held from now on.  It may be freed in
 * there. */
typedef void slot_granted_fn(struct slot *slot, void *arg);
/* due: when it should be granted at the latest, by clock_now; a later one waits behind it. */
struct slot *slot_request(
	struct slot_queue *queue, uint64_t due, slot_granted_fn *granted, void *arg);
bool slot_is_waiting(const struct slot *slot);
/* Gives it back, or withdraws the request. */
void slot_free(struct slot *slot);

#endif
