/*
 * slot_queue: a list of requests, sorted by due time.
 *
 * A new request is inserted from the end of the list, because requests with the same interval
 * usually arrive in the order of their due times.
 */
#include "process/slot_queue.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"

#define BUDGET (5 * CLOCK_MS) /* time for grants in one iteration of the loop */

struct slot {
	struct slot_queue *queue;
	uint64_t due;
	bool held;
	slot_granted_fn *granted;
	void *arg;
	TAILQ_ENTRY(slot) link; /* while waiting */
};

struct slot_queue {
	struct loop_timer *timer; /* grants the free slots */
	struct slot_counts counts;
	TAILQ_HEAD(slot_list, slot) waiting;
};

static void grant_soon(struct slot_queue *queue)
{
	if (queue->counts.waiting > 0 && queue->counts.held < queue->counts.most &&
		loop_timer_due(queue->timer) == 0)
		loop_timer_rearm(queue->timer, 0);
}

static void on_grant(uint64_t missed, void *arg)
{
	struct slot_queue *queue = arg;
	uint64_t began = clock_now();
	struct slot *slot;

	while (queue->counts.held < queue->counts.most && clock_now() - began < BUDGET &&
		(slot = TAILQ_FIRST(&queue->waiting)) != NULL) {
		TAILQ_REMOVE(&queue->waiting, slot, link);
		queue->counts.waiting--;
		queue->counts.held++;
		slot->held = true;
		slot->granted(slot, slot->arg); /* may free the slot */
	}
	grant_soon(queue);
}

struct slot_queue *slot_queue_new(struct loop *loop, unsigned most)
{
	struct slot_queue *queue = memory_zero(sizeof(*queue));

	TAILQ_INIT(&queue->waiting);
	queue->counts.most = most;
	queue->timer = loop_once(loop, on_grant, queue);
	return queue;
}

void slot_queue_free(struct slot_queue *queue)
{
	if (queue == NULL)
		return;
	loop_timer_free(queue->timer);
	free(queue);
}

void slot_queue_set_most(struct slot_queue *queue, unsigned most)
{
	queue->counts.most = most;
	grant_soon(queue);
}

void slot_queue_counts(const struct slot_queue *queue, struct slot_counts *counts)
{
	*counts = queue->counts;
}

struct slot *slot_request(
	struct slot_queue *queue, uint64_t due, slot_granted_fn *granted, void *arg)
{
	struct slot *slot = memory_zero(sizeof(*slot)), *before;

	LOOP_ASSERT_OWNER();
	*slot = (struct slot){.queue = queue, .due = due, .granted = granted, .arg = arg};
	TAILQ_FOREACH_REVERSE(before, &queue->waiting, slot_list, link)
	if (before->due <= due)
		break;
	if (before != NULL)
		TAILQ_INSERT_AFTER(&queue->waiting, before, slot, link);
	else
		TAILQ_INSERT_HEAD(&queue->waiting, slot, link);
	queue->counts.waiting++;
	grant_soon(queue);
	return slot;
}

bool slot_is_waiting(const struct slot *slot)
{
	return !slot->held;
}

void slot_free(struct slot *slot)
{
	struct slot_queue *queue;

	if (slot == NULL)
		return;
	LOOP_ASSERT_OWNER();
	queue = slot->queue;
	if (slot->held) {
		queue->counts.held--;
	} else {
		TAILQ_REMOVE(&queue->waiting, slot, link);
		queue->counts.waiting--;
	}
	free(slot);
	grant_soon(queue);
}
