/* check_api_at: timers that fire at points in time, while the clock is set. */
#include <vigil/vigil.h>

#include "fixture_clock.h"
#include "fixture_daemon.h"

static const vigil_option schema[] = {
	VIGIL_OPTION("every", VIGIL_TIMES, NULL, "points in time"),
	VIGIL_OPTION("text", VIGIL_TEXT, NULL, "any text"),
	VIGIL_OPTION_END,
};

static unsigned fired;

static void on_tick(vigil_daemon *daemon, void *arg)
{
	ck_assert_ptr_eq(daemon, d);
	ck_assert_ptr_null(arg);
	fired++;
}

static void setup(void)
{
	environment_setup();
	set_zone("UTC0");
	fired = 0;
}

/* Starts the daemon with a timer, at this time of day. */
static void begin(const char *when, const char *every)
{
	char pair[128];
	struct option_set *options;

	snprintf(pair, sizeof(pair), "every=%s", every);
	set_clock(when);
	options = options_of(schema, (const char *const[]){pair, NULL});
	d = daemon_new(&environment, "test", "test", &module, options);
	option_set_unref(options);
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(vigil_at(d, "every", on_tick, NULL), 0);
}

/* Makes the timer read the clock, as it does after a minute at the latest. */
static void read_clock(void)
{
	struct loop_timer *timer;

	/* vigil's timer begins with its resource, and the timer of the loop follows */
	memcpy(&timer, TAILQ_FIRST(&d->resources) + 1, sizeof(struct loop_timer *));
	loop_timer_rearm(timer, 0);
	turn_for(20 * CLOCK_MS);
}

static void step_to(const char *when)
{
	set_clock(when);
	read_clock();
}

START_TEST(each_second_that_passes_fires_it_once)
{
	begin("2026-11-30 07:59:58", "*:*:*");
	turn_for(10 * CLOCK_MS);
	ck_assert_uint_eq(fired, 0); /* not at the start */
	TURN_UNTIL(fired == 3);
	ck_assert_int_eq(account_number(d, "ticks") + account_number(d, "missed"), 3);
}
END_TEST

START_TEST(the_next_point_is_in_the_account)
{
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	begin("2026-11-30 07:00:00", "08:30, 09:00");
	ck_assert_str_eq(account_text(d, "next_tick"), "2026-11-30T07:30:00.000Z");
	step_to("2026-11-30 07:30:00");
	ck_assert_uint_eq(fired, 1);
	ck_assert_str_eq(account_text(d, "next_tick"), "2026-11-30T08:00:00.000Z");
	ck_assert_int_eq(vigil_cancel(d, on_tick, NULL), 1);
	ck_assert_str_eq(account_text(d, "next_tick"), "");
}
END_TEST

START_TEST(points_that_a_suspend_or_a_step_passes_are_counted)
{
	begin("2026-11-30 07:59:00", "hourly");
	step_to("2026-11-30 12:30:00");
	ck_assert_uint_eq(fired, 1);
	ck_assert_int_eq(account_number(d, "ticks"), 1);
	ck_assert_int_eq(account_number(d, "missed"), 4);
	read_clock();
	ck_assert_uint_eq(fired, 1);
	step_to("2031-01-01 00:00:30");
	ck_assert_uint_eq(fired, 2);
	ck_assert_int_eq(account_number(d, "missed"), 1004); /* at most 1000 at a time */
	step_to("2031-01-01 00:59:59");
	ck_assert_uint_eq(fired, 2);
}
END_TEST

START_TEST(a_clock_that_is_set_back_repeats_nothing_and_skips_nothing)
{
	begin("2026-11-30 07:59:00", "08:00, 09:00");
	step_to("2026-11-30 08:00:00");
	ck_assert_uint_eq(fired, 1);
	step_to("2026-11-30 07:00:00");
	step_to("2026-11-30 08:00:00");
	ck_assert_uint_eq(fired, 1);
	step_to("2026-11-30 09:00:00");
	ck_assert_uint_eq(fired, 2);
	ck_assert_int_eq(account_number(d, "missed"), 0);
	/* far back: the clock was wrong */
	step_to("2020-01-01 07:00:00");
	ck_assert_uint_eq(fired, 2);
	ck_assert_str_eq(account_text(d, "next_tick"), "2020-01-01T08:00:00.000Z");
	step_to("2020-01-01 08:00:00");
	ck_assert_uint_eq(fired, 3);
}
END_TEST

/* If no point has been handled yet, there is nothing that could be repeated. */
START_TEST(a_clock_that_is_corrected_after_the_start_counts_at_once)
{
	begin("2026-11-30 16:01:00", "0/2:00");
	step_to("2026-11-30 09:59:00");
	step_to("2026-11-30 10:00:00");
	ck_assert_uint_eq(fired, 1);
}
END_TEST

START_TEST(a_new_time_zone_counts_after_a_minute_at_the_latest)
{
	begin("2026-11-30 07:30:00", "08:00");
	ck_assert_str_eq(account_text(d, "next_tick"), "2026-11-30T08:00:00.000Z");
	set_zone("XXX-3");
	read_clock();
	ck_assert_str_eq(account_text(d, "next_tick"), "2026-12-01T05:00:00.000Z");
}
END_TEST

START_TEST(a_tick_on_demand_leaves_the_points_as_they_are)
{
	begin("2026-11-30 07:59:00", "08:00");
	ck_assert_int_eq(daemon_tick_now(d), 0);
	ck_assert_uint_eq(fired, 1);
	step_to("2026-11-30 08:00:00");
	ck_assert_uint_eq(fired, 2);
	ck_assert_int_eq(account_number(d, "missed"), 0);
}
END_TEST

START_TEST(without_times_it_never_fires)
{
	begin("2026-11-30 07:59:00", "");
	step_to("2026-11-30 08:00:00");
	ck_assert_uint_eq(fired, 0);
	ck_assert_str_eq(account_text(d, "next_tick"), "");
}
END_TEST

static void on_last(vigil_daemon *daemon, void *arg)
{
	fired++;
	ck_assert_int_eq(vigil_cancel(daemon, on_last, arg), 1);
}

START_TEST(a_callback_may_cancel_its_own_timer)
{
	begin("2026-11-30 07:59:59", "*:*:*");
	vigil_cancel(d, on_tick, NULL);
	ck_assert_int_eq(vigil_at(d, "every", on_last, NULL), 0);
	TURN_UNTIL(fired == 1);
	ck_assert(TAILQ_EMPTY(&d->resources));
}
END_TEST

START_TEST(the_next_point_is_formatted)
{
	char text[VIGIL_TIMES_TEXT];

	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	begin("2026-11-30 07:00:00", "*-*-01 03:00");
	ck_assert(vigil_next_time(d, "every", text));
	ck_assert_str_eq(text, "2026-12-01 03:00 CET");
	ck_assert(!vigil_next_time(d, "text", text)); /* it has another type */
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(wrong_calls_are_refused)
{
	begin("2026-11-30 07:59:00", "08:00");
	ck_assert_int_eq(vigil_at(d, "every", NULL, NULL), -EINVAL);
	ck_assert_int_eq(vigil_at(d, "text", on_tick, NULL), -EINVAL);
	ck_assert_int_eq(vigil_at(d, "none", on_tick, NULL), -EINVAL);
	ck_assert_uint_eq(log_holds("vigil_at: \"none\" is not an option with times"), 1);
}
END_TEST

SUITE("api_at", setup, down)
{
	TEST(each_second_that_passes_fires_it_once);
	TEST(the_next_point_is_in_the_account);
	TEST(points_that_a_suspend_or_a_step_passes_are_counted);
	TEST(a_clock_that_is_set_back_repeats_nothing_and_skips_nothing);
	TEST(a_clock_that_is_corrected_after_the_start_counts_at_once);
	TEST(a_new_time_zone_counts_after_a_minute_at_the_latest);
	TEST(a_tick_on_demand_leaves_the_points_as_they_are);
	TEST(without_times_it_never_fires);
	TEST(a_callback_may_cancel_its_own_timer);
	TEST(the_next_point_is_formatted);
	TEST(wrong_calls_are_refused);
}
