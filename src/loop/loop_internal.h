/*
 * loop_internal: the loop's memory, for its three sides: loop.c, loop_timer.c, loop_lag.c.
 */
#ifndef LOOP_INTERNAL_H
#define LOOP_INTERNAL_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"

/* No more than so much time or so many callbacks between two looks at what else is due: the most
 * that one who has much to do may hold up the others. */
#define LOOP_SLICE       (10 * CLOCK_MS)
#define LOOP_SLICE_CALLS 64

/* Lateness is counted in buckets of a quarter of a power of two of microseconds, in slots of
 * ten seconds; six slots are the last minute. */
#define LAG_BUCKETS 128
#define LAG_SLOTS   6

struct lag {
	double last, max;
	uint64_t slot; /* the number of the current slot since boot */
	uint32_t counts[LAG_SLOTS][LAG_BUCKETS];
};

/* now, and by how much of it a timer was late: ns. */
void lag_note(struct lag *lag, uint64_t now, uint64_t late);

/* What periodic timers are due at, found by when (loop_timer.c). */
#define TIMER_SLOT_BUCKETS 256
SLIST_HEAD(timer_slot_list, timer_slot);
void timer_slot_free(struct timer_slot *slot);

struct loop {
	struct event_base *base;
	struct lag lag;
	struct timer_slot_list slots[TIMER_SLOT_BUCKETS];
	struct timer_slot *spare;
};

#endif
