/*
 * check_slot_queue: which requests may start a costly child, in which order, and how many at once.
 */
#include "process/slot_queue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "suite.h"

#define LIMIT (60 * CLOCK_SECOND) /* no test comes near it */

static struct loop *loop;
static struct loop_timer *limit;
static struct slot_queue *queue;
static char granted[64]; /* the names of the requests that were granted a slot, in order */
static unsigned turns;   /* of the loop while they were granted */
static bool free_at_once;
static unsigned stop_after;
static useconds_t work;

struct entry {
	char name;
	struct slot *slot;
};

static void on_limit(uint64_t missed, void *arg)
{
	ck_abort_msg("nothing happens");
}

static void setup(void)
{
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
	limit = loop_after(loop, LIMIT, on_limit, NULL);
	queue = slot_queue_new(loop, 2);
	ck_assert_ptr_nonnull(queue);
	granted[0] = '\0';
	turns = 0;
	free_at_once = false;
	stop_after = 1;
	work = 0;
}

static void teardown(void)
{
	slot_queue_free(queue);
	loop_timer_free(limit);
	loop_free(loop);
}

static void on_granted(struct slot *slot, void *arg)
{
	struct entry *entry = arg;
	size_t n = strlen(granted);

	ck_assert_ptr_eq(entry->slot, slot);
	ck_assert(!slot_is_waiting(slot));
	granted[n] = entry->name;
	granted[n + 1] = '\0';
	if (work > 0)
		usleep(work);
	if (free_at_once) {
		slot_free(slot);
		entry->slot = NULL;
	}
	if (n + 1 == stop_after)
		loop_stop(loop);
}

static void request(struct entry *entry, char name, uint64_t due)
{
	entry->name = name;
	entry->slot = slot_request(queue, due, on_granted, entry);
	ck_assert(slot_is_waiting(entry->slot));
}

static void run_until(unsigned grants)
{
	stop_after = grants;
	ck_assert_int_eq(loop_run(loop), 0);
}

START_TEST(the_earliest_due_requests_get_the_slots)
{
	struct entry e[5];
	struct slot_counts counts;

	request(&e[0], 'c', 30);
	request(&e[1], 'a', 10);
	request(&e[2], 'd', 30);
	request(&e[3], 'b', 20);
	request(&e[4], 'e', 40);
	ck_assert_str_eq(granted, ""); /* never inside the request */
	run_until(2);
	ck_assert_str_eq(granted, "ab");
	slot_queue_counts(queue, &counts);
	ck_assert_uint_eq(counts.held, 2);
	ck_assert_uint_eq(counts.waiting, 3);
	slot_free(e[2].slot); /* withdrawn */
	slot_free(e[1].slot);
	run_until(3);
	ck_assert_str_eq(granted, "abc");
	slot_free(e[3].slot);
	run_until(4);
	ck_assert_str_eq(granted, "abce");
	slot_free(e[0].slot);
	slot_free(e[4].slot);
	slot_queue_counts(queue, &counts);
	ck_assert_uint_eq(counts.held + counts.waiting, 0);
}
END_TEST

START_TEST(a_change_of_the_number_of_slots_takes_effect)
{
	struct slot_counts counts;
	struct entry e[4];

	for (int i = 0; i < 4; i++)
		request(&e[i], (char)('a' + i), (uint64_t)i);
	run_until(2);
	slot_queue_set_most(queue, 3);
	run_until(3);
	ck_assert_str_eq(granted, "abc");
	slot_queue_set_most(queue, 1);
	slot_free(e[0].slot);
	slot_free(e[1].slot);
	loop_run_once(loop, false);
	ck_assert_str_eq(granted, "abc"); /* one slot is still in use */
	slot_free(e[2].slot);
	run_until(4);
	slot_queue_counts(queue, &counts);
	ck_assert_uint_eq(counts.most, 1);
	ck_assert_uint_eq(counts.held, 1);
	slot_free(e[3].slot);
}
END_TEST

static void on_turn(uint64_t missed, void *arg)
{
	turns++;
	loop_timer_rearm(*(struct loop_timer **)arg, 0);
}

/* Starts take 3 ms each. Other events must run at least after every second one. */
START_TEST(slow_starts_leave_time_for_other_events)
{
	struct loop_timer *other = loop_after(loop, 0, on_turn, &other);
	struct entry e[20];

	free_at_once = true;
	work = 3000;
	for (int i = 0; i < 20; i++)
		request(&e[i], (char)('a' + i), 0);
	run_until(20);
	ck_assert_str_eq(granted, "abcdefghijklmnopqrst");
	ck_assert_uint_ge(turns, 9);
	loop_timer_free(other);
}
END_TEST

SUITE("slot_queue", setup, teardown)
{
	TEST(the_earliest_due_requests_get_the_slots);
	TEST(a_change_of_the_number_of_slots_takes_effect);
	TEST(slow_starts_leave_time_for_other_events);
}
