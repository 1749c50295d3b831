/*
 * loop_internal: the data that loop.c, loop_timer.c, loop_lag.c and loop_clock.c share.  Only these
 * files include it.
 */
#ifndef LOOP_INTERNAL_H
#define LOOP_INTERNAL_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"

/* The loop runs callbacks for at most this time, and at most this many of them, before it checks
 * again for other events that are due.  This limits how long one busy event source delays the
 * others. */
#define LOOP_SLICE       (10 * CLOCK_MS)
#define LOOP_SLICE_CALLS 64

/* The lag is a histogram of how late timers fired.  The bounds of its buckets grow by a quarter of
 * a power of two, in microseconds.  There is one histogram for each ten seconds; six of them cover
 * the last minute. */
#define LAG_BUCKETS 128
#define LAG_SLOTS   6

struct lag {
	double last, max;
	uint64_t slot; /* number of the current ten seconds since boot */
	uint32_t counts[LAG_SLOTS][LAG_BUCKETS];
};

/* Records that a timer fired late.  now is by clock_now; late is in ns. */
void lag_note(struct lag *lag, uint64_t now, uint64_t late);

/* Hash table of the timer slots, keyed by due time (loop_timer.c). */
#define TIMER_SLOT_BUCKETS 256
SLIST_HEAD(timer_slot_list, timer_slot);
void timer_slot_free(struct timer_slot *slot);

/* Frees the kernel's timer of loop_clock.c. */
void loop_clock_end(struct loop *loop);

struct loop {
	struct event_base *base;
	struct lag lag;
	struct timer_slot_list slots[TIMER_SLOT_BUCKETS];
	struct timer_slot *spare;
	struct event *clock; /* NULL: no watch was created, or the kernel has no such timer */
	LIST_HEAD(, loop_clock_watch) clock_watches;
};

#endif
