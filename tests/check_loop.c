/* check_loop: timers with their phase and missed ticks, signals, and the lag of the loop. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "suite.h"

static struct loop *loop;

static void setup(void)
{
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
}

static void teardown(void)
{
	loop_free(loop);
}

static void busy_ms(long ms)
{
	const struct timespec pause = {.tv_nsec = ms * 1000000};

	nanosleep(&pause, NULL);
}

struct seen {
	struct loop_timer *timer;
	unsigned fires, stop_at;
	uint64_t missed;
	uint64_t due[32];
	long busy; /* ms spent in the first callback */
};

static void on_every(uint64_t missed, void *arg)
{
	struct seen *seen = arg;

	seen->missed += missed;
	seen->due[seen->fires] = loop_timer_due(seen->timer);
	if (seen->fires++ == 0 && seen->busy > 0)
		busy_ms(seen->busy);
	if (seen->fires == seen->stop_at)
		loop_stop(loop);
}

START_TEST(a_repeated_timer_keeps_its_phase)
{
	struct seen seen = {.stop_at = 10};
	uint64_t before = clock_now(), first;

	seen.timer = loop_every(loop, 20 * CLOCK_MS, 3, on_every, &seen);
	first = loop_timer_due(seen.timer);
	ck_assert_uint_gt(first, before);
	ck_assert_uint_le(first, clock_now() + 20 * CLOCK_MS);
	ck_assert_int_eq(loop_run(loop), 0);
	for (unsigned i = 0; i < seen.fires; i++)
		ck_assert_uint_eq((seen.due[i] - first) % (20 * CLOCK_MS), 0);
	loop_timer_free(seen.timer);
}
END_TEST

START_TEST(missed_ticks_are_counted)
{
	struct seen seen = {.stop_at = 4, .busy = 200};
	uint64_t first, last;

	seen.timer = loop_every(loop, 20 * CLOCK_MS, 0, on_every, &seen);
	first = loop_timer_due(seen.timer);
	loop_run(loop);
	last = seen.due[seen.fires - 1] - 20 * CLOCK_MS;
	ck_assert_uint_ge(seen.missed, 8);
	/* the ticks that fired or were missed are all that were due */
	ck_assert_uint_eq(seen.fires + seen.missed, (last - first) / (20 * CLOCK_MS) + 1);
	loop_timer_free(seen.timer);
}
END_TEST

/* Two points while the clock stays before a point of the grid, three if it passes one meanwhile. */
START_TEST(first_ticks_are_spread_over_two_points)
{
	struct seen seen = {0};
	struct loop_timer *timers[9];
	uint64_t now = clock_now(), first = UINT64_MAX, last = 0;

	for (uint32_t i = 0; i < 9; i++) {
		timers[i] = loop_every(loop, 5 * CLOCK_SECOND, i, on_every, &seen);
		ck_assert_uint_eq(loop_timer_due(timers[i]) % (CLOCK_SECOND / 2), 0);
		if (loop_timer_due(timers[i]) < first)
			first = loop_timer_due(timers[i]);
		if (loop_timer_due(timers[i]) > last)
			last = loop_timer_due(timers[i]);
	}
	ck_assert_uint_gt(first, now);
	ck_assert_uint_gt(last, first);
	ck_assert_uint_le(last, clock_now() + CLOCK_SECOND);
	for (unsigned i = 0; i < 9; i++)
		loop_timer_free(timers[i]);
	ck_assert_ptr_null(loop_every(loop, 10, 0, on_every, &seen));
}
END_TEST

#define SPREAD 12

struct spread {
	struct loop_timer *timer;
	uint64_t second; /* the due time of the second tick */
	unsigned *left;
};

static void on_spread(uint64_t missed, void *arg)
{
	struct spread *spread = arg;

	ck_assert_uint_eq(missed, 0);
	if (spread->second != 0)
		return;
	spread->second = loop_timer_due(spread->timer);
	ck_assert_uint_ge(spread->second, clock_now() + 3 * CLOCK_SECOND / 2 - CLOCK_SECOND / 10);
	if (--*spread->left == 0)
		loop_stop(loop);
}

START_TEST(costly_ticks_are_spread_over_the_interval_after_the_first)
{
	static const uint64_t interval = 3 * CLOCK_SECOND;
	struct spread timers[SPREAD] = {0};
	unsigned left = SPREAD, places[4] = {0};

	for (uint32_t i = 0; i < SPREAD; i++) {
		timers[i].left = &left;
		timers[i].timer =
			loop_every_spread(loop, interval, i * 40503u, on_spread, &timers[i]);
		ck_assert_uint_le(loop_timer_due(timers[i].timer), clock_now() + CLOCK_SECOND);
	}
	ck_assert_int_eq(loop_run(loop), 0);
	for (unsigned i = 0; i < SPREAD; i++) {
		places[timers[i].second % interval * 4 / interval]++;
		loop_timer_free(timers[i].timer);
	}
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_ge(places[i], 1);
}
END_TEST

static void on_once(uint64_t missed, void *arg)
{
	struct seen *seen = arg;

	seen->fires++;
	ck_assert_uint_eq(loop_timer_due(seen->timer), 0);
	if (seen->fires < 3) {
		loop_timer_rearm(seen->timer, CLOCK_MS);
	} else {
		loop_timer_free(seen->timer); /* inside its own callback */
		loop_stop(loop);
	}
}

START_TEST(a_one_shot_timer_may_be_rearmed_and_freed_in_its_callback)
{
	struct seen seen = {0}, never = {0};

	never.timer = loop_after(loop, 0, on_once, &never);
	loop_timer_stop(never.timer);
	ck_assert_uint_eq(loop_timer_due(never.timer), 0);
	seen.timer = loop_after(loop, 0, on_once, &seen);
	loop_run(loop);
	ck_assert_uint_eq(seen.fires, 3);
	ck_assert_uint_eq(never.fires, 0);
	loop_timer_free(never.timer);
}
END_TEST

static void on_count(uint64_t missed, void *arg)
{
	++*(unsigned *)arg;
}

static void on_stop(uint64_t missed, void *arg)
{
	loop_stop(loop);
}

START_TEST(many_timers_share_wakeups)
{
	enum { N = 10000 };
	struct loop_timer **timers = calloc(N, sizeof(*timers)), *end;
	unsigned fires = 0;
	struct loop_lag lag;

	for (uint32_t i = 0; i < N; i++)
		timers[i] = loop_every(loop, CLOCK_SECOND, i, on_count, &fires);
	end = loop_after(loop, 5 * CLOCK_SECOND / 2, on_stop, NULL);
	loop_run(loop);
	ck_assert_uint_ge(fires, N); /* each timer at least once in two and a half intervals */
	ck_assert_uint_le(fires, 3 * N);
	loop_lag(loop, &lag);
	ck_assert(lag.p99 <= lag.max && lag.max > 0);
	loop_timer_free(end);
	for (unsigned i = 0; i < N; i++)
		loop_timer_free(timers[i]);
	free(timers);
}
END_TEST

/* Timers with the same due time share one event. These tests let them change each other. */
struct crowd {
	struct loop_timer *timers[200];
	unsigned fires, freed_at;
	unsigned fires_at_once; /* when the one-shot timer fired */
};

static void crowd_free(struct crowd *crowd)
{
	for (unsigned i = 0; i < 200; i++) {
		loop_timer_free(crowd->timers[i]);
		crowd->timers[i] = NULL;
	}
}

static void on_crowd(uint64_t missed, void *arg)
{
	struct crowd *crowd = arg;

	if (++crowd->fires == crowd->freed_at)
		crowd_free(crowd); /* this timer, those that fired, and those that have not yet */
}

static void on_between(uint64_t missed, void *arg)
{
	struct crowd *crowd = arg;

	crowd->fires_at_once = crowd->fires;
}

static void on_slow_crowd(uint64_t missed, void *arg)
{
	struct crowd *crowd = arg;

	busy_ms(1);
	if (++crowd->fires == 200)
		loop_stop(loop);
}

/* Starts timers that are all due at the same time, and not in the next 200 ms. */
static void crowd_new(struct crowd *crowd, loop_timer_fn *fn)
{
	uint64_t due;

	do {
		crowd_free(crowd);
		for (unsigned i = 0; i < 200; i++)
			crowd->timers[i] = loop_every(loop, CLOCK_SECOND, 0, fn, crowd);
		due = loop_timer_due(crowd->timers[0]);
	} while (loop_timer_due(crowd->timers[199]) != due || due < clock_now() + 200 * CLOCK_MS);
}

START_TEST(a_timer_may_free_all_timers_with_the_same_due_time)
{
	struct crowd crowd = {.freed_at = 3};
	struct loop_timer *end;

	crowd_new(&crowd, on_crowd);
	end = loop_after(loop, CLOCK_SECOND, on_stop, NULL);
	loop_run(loop);
	ck_assert_uint_eq(crowd.fires, 3);
	loop_timer_free(end);
}
END_TEST

START_TEST(a_stopped_loop_fires_the_remaining_timers_in_the_next_run)
{
	struct crowd crowd = {0};
	struct loop_timer *stop, *end;

	crowd.timers[0] = loop_every(loop, CLOCK_SECOND, 0, on_crowd, &crowd);
	stop = loop_every(loop, CLOCK_SECOND, 0, on_stop, NULL);
	for (unsigned i = 1; i < 200; i++)
		crowd.timers[i] = loop_every(loop, CLOCK_SECOND, 0, on_crowd, &crowd);
	loop_run(loop);
	ck_assert_uint_eq(crowd.fires, 1);
	loop_timer_free(stop);
	end = loop_after(loop, 100 * CLOCK_MS, on_stop, NULL);
	loop_run(loop);
	ck_assert_uint_eq(crowd.fires, 200);
	crowd_free(&crowd);
	loop_timer_free(end);
}
END_TEST

START_TEST(a_rearmed_repeated_timer_continues_from_the_new_time)
{
	struct seen seen = {.stop_at = 3};
	uint64_t due;

	seen.timer = loop_every(loop, 20 * CLOCK_MS, 3, on_every, &seen);
	loop_timer_rearm(seen.timer, 7 * CLOCK_MS);
	due = loop_timer_due(seen.timer);
	ck_assert_uint_le(due, clock_now() + 7 * CLOCK_MS);
	loop_run(loop);
	ck_assert_uint_eq((seen.due[2] - due) % (20 * CLOCK_MS), 0);
	loop_timer_stop(seen.timer);
	ck_assert_uint_eq(loop_timer_due(seen.timer), 0);
	loop_run_once(loop, false);
	ck_assert_uint_eq(seen.fires, 3);
	loop_timer_free(seen.timer);
}
END_TEST

START_TEST(many_timers_with_the_same_due_time_let_others_run)
{
	struct crowd crowd = {.fires_at_once = 200};
	struct loop_timer *between;

	crowd_new(&crowd, on_slow_crowd);
	between = loop_after(loop, loop_timer_due(crowd.timers[0]) + 2 * CLOCK_MS - clock_now(),
		on_between, &crowd);
	loop_run(loop);
	/* The timers of one slice of ten milliseconds, and not all 200.  There were none if the
	 * processor was busy with others until all were due. */
	ck_assert_uint_lt(crowd.fires_at_once, 100);
	crowd_free(&crowd);
	loop_timer_free(between);
}
END_TEST

static void on_lag(uint64_t missed, void *arg)
{
	busy_ms(50);
}

START_TEST(the_lag_is_measured_at_timers_that_are_late)
{
	struct loop_timer *slow = loop_after(loop, CLOCK_MS, on_lag, NULL);
	struct loop_timer *next = loop_after(loop, 5 * CLOCK_MS, on_stop, NULL);
	struct loop_lag lag;

	loop_run(loop);
	loop_lag(loop, &lag);
	ck_assert(lag.max >= 0.040);
	ck_assert(lag.p99 >= 0.030 && lag.p99 <= lag.max);
	loop_timer_free(slow);
	loop_timer_free(next);
}
END_TEST

static void on_hup(int signo, void *arg)
{
	ck_assert_int_eq(signo, SIGHUP);
	++*(unsigned *)arg;
	loop_stop(loop);
}

START_TEST(signals_are_handled_in_the_loop)
{
	unsigned hups = 0;
	struct loop_signal *sig = loop_on_signal(loop, SIGHUP, on_hup, &hups);

	raise(SIGHUP);
	ck_assert_uint_eq(hups, 0); /* not in the signal handler */
	loop_run(loop);
	ck_assert_uint_eq(hups, 1);
	loop_signal_free(sig);
	ck_assert(loop_is_owner());
}
END_TEST

SUITE("loop", setup, teardown)
{
	TEST(a_repeated_timer_keeps_its_phase);
	TEST(missed_ticks_are_counted);
	TEST(first_ticks_are_spread_over_two_points);
	TEST(costly_ticks_are_spread_over_the_interval_after_the_first);
	TEST(a_one_shot_timer_may_be_rearmed_and_freed_in_its_callback);
	TEST(many_timers_share_wakeups);
	TEST(a_timer_may_free_all_timers_with_the_same_due_time);
	TEST(a_stopped_loop_fires_the_remaining_timers_in_the_next_run);
	TEST(a_rearmed_repeated_timer_continues_from_the_new_time);
	TEST(many_timers_with_the_same_due_time_let_others_run);
	TEST(the_lag_is_measured_at_timers_that_are_late);
	TEST(signals_are_handled_in_the_loop);
}
