/* check_api_time: a daemon's timers, their counters, and the time of day. */
#include <vigil/vigil.h>

#include <math.h>
#include <time.h>

#include "fixture_daemon.h"

static unsigned fired;
static int token;

static void on_tick(vigil_daemon *daemon, void *arg)
{
	ck_assert_ptr_eq(daemon, d);
	ck_assert(arg == NULL || arg == &token);
	fired++;
}

static void setup(void)
{
	up();
	fired = 0;
}

START_TEST(the_first_tick_comes_within_a_second_or_the_interval)
{
	static const double intervals[] = {0.01, 0.3, 1, 5, 3600};
	char name[16];

	for (int i = 0; i < 50; i++) {
		double interval = intervals[i % 5], due;
		uint64_t now = clock_now();
		struct vigil_daemon *other;
		struct loop_timer *timer;

		/* the phase depends on the name */
		snprintf(name, sizeof(name), "d%d", i);
		other = daemon_new(&environment, name, "test", &module, NULL);
		ck_assert_int_eq(daemon_start(other), 0);
		ck_assert_int_eq(vigil_every(other, interval, on_tick, NULL), 0);
		/* vigil's timer begins with its resource, and the timer of the loop follows */
		memcpy(&timer, TAILQ_FIRST(&other->resources) + 1, sizeof(struct loop_timer *));
		due = clock_to_seconds(loop_timer_due(timer) - now);
		ck_assert_double_gt(due, 0);
		ck_assert_double_le(due, fmin(1, interval) + 0.3); /* and the time of the test */
		daemon_free(other);
	}
}
END_TEST

START_TEST(only_repeated_timers_count_as_ticks)
{
	ck_assert_int_eq(vigil_every(d, 0.02, on_tick, NULL), 0);
	ck_assert_int_eq(vigil_after(d, 0, on_tick, &token), 0);
	ck_assert_uint_eq(fired, 0); /* never inside the call */
	TURN_UNTIL(fired >= 6);
	ck_assert_int_eq(account_number(d, "ticks"), fired - 1);
	ck_assert_str_ne(account_text(d, "last_tick"), "");
}
END_TEST

START_TEST(vigil_after_fires_once_and_zero_means_soon)
{
	ck_assert_int_eq(vigil_after(d, 0, on_tick, NULL), 0);
	ck_assert_int_eq(vigil_after(d, 0.01, on_tick, NULL), 0);
	TURN_UNTIL(fired == 2);
	turn_for(30 * CLOCK_MS);
	ck_assert_uint_eq(fired, 2);
	ck_assert(TAILQ_EMPTY(&d->resources));
	ck_assert_int_eq(vigil_cancel(d, on_tick, NULL), 0);
}
END_TEST

static void on_chain(vigil_daemon *daemon, void *arg)
{
	/* the timer that fires no longer exists, so the call cancels the other one */
	if (fired++ == 0)
		ck_assert_int_eq(vigil_cancel(daemon, on_chain, NULL), 1);
	if (fired < 4)
		ck_assert_int_eq(vigil_after(daemon, 0, on_chain, NULL), 0);
}

START_TEST(a_callback_may_start_and_cancel_timers)
{
	vigil_after(d, 0, on_chain, NULL);
	vigil_after(d, 1000, on_chain, NULL);
	TURN_UNTIL(fired == 4);
	ck_assert(TAILQ_EMPTY(&d->resources));
}
END_TEST

static void on_last(vigil_daemon *daemon, void *arg)
{
	fired++;
	ck_assert_int_eq(vigil_cancel(daemon, on_last, arg), 1);
}

START_TEST(timers_are_cancelled_by_callback_and_argument)
{
	vigil_every(d, 0.01, on_tick, NULL);
	vigil_every(d, 1000, on_tick, NULL);
	vigil_after(d, 1000, on_tick, NULL);
	vigil_after(d, 1000, on_tick, &token);
	vigil_every(d, 0.01, on_last, NULL);
	ck_assert_int_eq(vigil_cancel(d, on_tick, NULL), 3);
	ck_assert_int_eq(vigil_cancel(d, on_tick, NULL), 0);
	TURN_UNTIL(fired == 1); /* on_last has cancelled itself */
	turn_for(50 * CLOCK_MS);
	ck_assert_uint_eq(fired, 1);
	ck_assert_int_eq(vigil_cancel(d, on_tick, &token), 1);
	ck_assert(TAILQ_EMPTY(&d->resources));
}
END_TEST

START_TEST(intervals_out_of_range_are_refused)
{
	static const double wrong[] = {0, -1, 0.009, 1e9, 1e300};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		ck_assert_int_eq(vigil_every(d, wrong[i], on_tick, NULL), -EINVAL);
		if (wrong[i] < 0 || wrong[i] > 1e8)
			ck_assert_int_eq(vigil_after(d, wrong[i], on_tick, NULL), -EINVAL);
	}
	ck_assert_int_eq(vigil_every(d, (double)NAN, on_tick, NULL), -EINVAL);
	ck_assert_int_eq(vigil_after(d, (double)INFINITY, on_tick, NULL), -EINVAL);
	ck_assert_int_eq(vigil_every(d, 1, NULL, NULL), -EINVAL);
	ck_assert_int_eq(vigil_every(d, 365 * 86400.0, on_tick, NULL), 0);
	ck_assert_int_eq(vigil_after(d, 365 * 86400.0, on_tick, NULL), 0);
	ck_assert_uint_eq(log_holds("is out of range"), 10);
}
END_TEST

/* Converts the time of day to seconds since 1970. */
static double seconds_of(json_t *value)
{
	struct tm tm = {0};
	int ms = -1;
	const char *text = json_string_value(value), *rest;

	ck_assert_ptr_nonnull(text);
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	ck_assert_msg(
		rest != NULL && sscanf(rest, ".%3dZ", &ms) == 1 && ms >= 0 && strlen(rest) == 5,
		"%s", text);
	json_decref(value);
	return (double)timegm(&tm) + ms / 1e3;
}

START_TEST(the_time_of_day_is_correct_for_any_offset)
{
	static const double far[] = {1e12, -1e12, 1e18, -1e18, 1e300, -1e300};
	double now = seconds_of(vigil_time()), before = vigil_now();

	ck_assert_double_lt(fabs(now - (double)time(NULL)), 30);
	ck_assert_double_lt(fabs(seconds_of(vigil_time_in(3600.5)) - now - 3600.5), 30);
	ck_assert_double_lt(fabs(seconds_of(vigil_time_in(-0.25)) - now + 0.25), 30);
	/* also before 1970 */
	ck_assert_double_lt(fabs(seconds_of(vigil_time_in(-now - 1000.25)) + 1000.25), 30);
	for (size_t i = 0; i < COUNT(far); i++)
		seconds_of(vigil_time_in(far[i]));
	seconds_of(vigil_time_in((double)NAN));
	ck_assert_double_ge(vigil_now(), before);
}
END_TEST

SUITE("api_time", setup, down)
{
	TEST(the_first_tick_comes_within_a_second_or_the_interval);
	TEST(only_repeated_timers_count_as_ticks);
	TEST(vigil_after_fires_once_and_zero_means_soon);
	TEST(a_callback_may_start_and_cancel_timers);
	TEST(timers_are_cancelled_by_callback_and_argument);
	TEST(intervals_out_of_range_are_refused);
	TEST(the_time_of_day_is_correct_for_any_offset);
}
