/* check_pause_during: the windows of pause_during, with pauses of an admin, over a restart, with
 * a change of the option and with a clock that is set. */
#include <string.h>

#include "config/config_daemon.h"
#include "fixture_clock.h"
#include "fixture_environment.h"
#include "host/pause_internal.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static struct vigil_daemon *daemons[3];
static struct pauses *pauses;
static unsigned resumes;

static int start(vigil_daemon *d)
{
	return 0;
}

static void on_resumed(vigil_daemon *d)
{
	resumes++;
}

static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.start = start,
	.resumed = on_resumed};

static struct vigil_daemon *daemon_at(size_t index, void *arg)
{
	return index < 2 ? daemons[index] : NULL;
}

static void take(struct vigil_daemon *d, const char *windows)
{
	char pair[128];
	struct option_set *options;

	snprintf(pair, sizeof(pair), "pause_during=%s", windows);
	options = options_of(config_daemon_schema, (const char *const[]){pair, NULL});
	daemon_set_host_options(d, options);
	option_set_unref(options);
	pause_refresh(pauses, d);
}

/* Starts the daemons "a" with these windows and "b" without windows. */
static void begin_daemons(const char *windows)
{
	static const char *const names[] = {"a", "b"};

	pauses = pauses_new(environment.loop, environment.store, daemon_at, NULL);
	ck_assert_ptr_nonnull(pauses);
	for (size_t i = 0; i < 2; i++) {
		daemons[i] = daemon_new(&environment, names[i], "test", &module, NULL);
		take(daemons[i], i == 0 ? windows : "");
		ck_assert_int_eq(daemon_start(daemons[i]), 0);
	}
}

static void end_daemons(void)
{
	for (size_t i = 0; i < 2; i++) {
		daemon_free(daemons[i]);
		daemons[i] = NULL;
	}
	pauses_free(pauses);
}

static void begin(const char *zone, const char *when, const char *windows)
{
	set_zone(zone);
	set_clock(when);
	begin_daemons(windows);
}

/* Restarts the host. */
static void again(const char *windows)
{
	end_daemons();
	store_close(environment.store);
	environment.store = store_open(environment.loop, scratch_path("store"));
	begin_daemons(windows);
}

static void setup(void)
{
	environment_setup();
	resumes = 0;
}

static void teardown(void)
{
	end_daemons();
	environment_teardown();
}

/* Sets the clock, and makes the pauses read it, as they do after a minute at the latest. */
static void step_to(const char *when)
{
	set_clock(when);
	loop_timer_rearm(pauses->timer, 0);
	turn_for(10 * CLOCK_MS);
}

static bool paused(void)
{
	ck_assert(!vigil_paused(daemons[1]) ||
		  strcmp(account_text(daemons[1], "paused_by"), "") == 0);
	return vigil_paused(daemons[0]);
}

#define IS(until, by)                                                              \
	do {                                                                       \
		ck_assert(paused());                                               \
		ck_assert_str_eq(account_text(daemons[0], "paused_until"), until); \
		ck_assert_str_eq(account_text(daemons[0], "paused_by"), by);       \
	} while (0)

START_TEST(a_window_pauses_its_daemon_and_ends_by_itself)
{
	/* 2026-11-29 is a Sunday */
	begin(BERLIN, "2026-11-29 00:59:59", "Sun 02:00-04:00");
	ck_assert(!paused());
	TURN_UNTIL(paused());
	IS("2026-11-29T03:00:00.000Z", "pause_during");
	ck_assert_str_eq(account_text(daemons[0], "paused_reason"), "Sun 02:00-04:00");
	ck_assert_str_eq(health_text(daemons[0], "text"),
		"a is paused until 2026-11-29 04:00 CET by pause_during: Sun 02:00-04:00");
	ck_assert_uint_eq(log_holds("a: paused by pause_during: Sun 02:00-04:00"), 1);
	step_to("2026-11-29 02:59:59");
	ck_assert(paused());
	TURN_UNTIL(!paused());
	ck_assert_uint_eq(log_holds("a: resumed"), 1);
	ck_assert_uint_eq(resumes, 1);
	step_to("2026-12-06 01:00:00");
	IS("2026-12-06T03:00:00.000Z", "pause_during");
}
END_TEST

START_TEST(a_daemon_that_starts_inside_a_window_is_paused_before_its_start)
{
	begin("UTC0", "2026-11-29 03:00:00", "Sun 02:00-04:00");
	IS("2026-11-29T04:00:00.000Z", "pause_during");
	again("Sun 02:00-04:00");
	IS("2026-11-29T04:00:00.000Z", "pause_during");
	step_to("2026-11-29 04:00:00");
	ck_assert(!paused());
}
END_TEST

START_TEST(the_end_of_a_window_does_not_shorten_a_pause)
{
	begin("UTC0", "2026-11-29 02:30:00", "Sun 02:00-04:00");
	pause_start(pauses, daemons[0], 2 * 3600, "disk", "root");
	IS("2026-11-29T04:30:00.000Z", "root");
	again("Sun 02:00-04:00");
	ck_assert_str_eq(account_text(daemons[0], "paused_by"), "root");
	pause_start(pauses, daemons[0], 0, "forever", "root");
	step_to("2026-11-29 04:00:00");
	IS("", "root");
	ck_assert(pause_stop(pauses, daemons[0]));
	ck_assert(!paused());
}
END_TEST

START_TEST(the_end_of_a_pause_does_not_shorten_a_window)
{
	begin("UTC0", "2026-11-29 01:59:00", "Sun 02:00-04:00");
	pause_start(pauses, daemons[0], 1, "disk", "root");
	ck_assert_str_eq(account_text(daemons[0], "paused_by"), "root");
	step_to("2026-11-29 02:00:00"); /* within this boot, the pause still lasts for a second */
	TURN_UNTIL(strcmp(account_text(daemons[0], "paused_by"), "pause_during") == 0);
	IS("2026-11-29T04:00:00.000Z", "pause_during");
	turn_for(1100 * CLOCK_MS);
	loop_timer_rearm(pauses->timer, 0);
	turn_for(10 * CLOCK_MS);
	IS("2026-11-29T04:00:00.000Z", "pause_during");
	ck_assert_uint_eq(resumes, 0);
	ck_assert_ptr_null(store_get(environment.store, "paused", "a", "until"));
}
END_TEST

START_TEST(a_resume_ends_the_pause_for_this_window)
{
	begin("UTC0", "2026-11-29 02:30:00", "02:00-04:00");
	ck_assert(pause_stop(pauses, daemons[0]));
	ck_assert(!pause_stop(pauses, daemons[0]));
	ck_assert(!paused());
	step_to("2026-11-29 03:00:00");
	ck_assert(!paused());
	again("02:00-04:00");
	ck_assert(!paused());
	/* an admin may pause it in spite of that */
	pause_start(pauses, daemons[0], 0, "", "root");
	IS("", "root");
	ck_assert(pause_stop(pauses, daemons[0]));
	ck_assert(!paused());
	step_to("2026-11-29 04:00:00");
	ck_assert_ptr_null(store_get(environment.store, "paused", "a", "resumed"));
	step_to("2026-11-30 02:00:00");
	IS("2026-11-30T04:00:00.000Z", "pause_during");
}
END_TEST

START_TEST(a_resume_ends_both_pauses)
{
	begin("UTC0", "2026-11-29 02:30:00", "02:00-04:00");
	pause_start(pauses, daemons[0], 60, "", "root");
	ck_assert(pause_stop(pauses, daemons[0]));
	ck_assert(!paused());
	ck_assert_uint_eq(resumes, 1);
}
END_TEST

/* As by vigilctl stop and start inside a window. */
START_TEST(a_withdrawn_pause_leaves_the_window)
{
	begin("UTC0", "2026-11-29 02:30:00", "02:00-04:00");
	ck_assert(pause_left(pauses, daemons[0]) == 0);
	pause_start(pauses, daemons[0], 0, "stopped", "root");
	ck_assert(pause_left(pauses, daemons[0]) > 0);
	IS("", "root");
	pause_withdraw(pauses, daemons[0]);
	ck_assert(pause_left(pauses, daemons[0]) == 0);
	IS("2026-11-29T04:00:00.000Z", "pause_during");
	ck_assert_uint_eq(resumes, 0);
}
END_TEST

START_TEST(a_changed_option_counts_at_once)
{
	begin("UTC0", "2026-11-29 02:30:00", "12:00-13:00");
	ck_assert(!paused());
	take(daemons[0], "02:00-03:00");
	IS("2026-11-29T03:00:00.000Z", "pause_during");
	take(daemons[0], "02:00-05:00");
	IS("2026-11-29T05:00:00.000Z", "pause_during");
	ck_assert_uint_eq(resumes, 0);
	pause_stop(pauses, daemons[0]);
	take(daemons[0], "02:00-06:00"); /* another window */
	IS("2026-11-29T06:00:00.000Z", "pause_during");
	take(daemons[0], "");
	ck_assert(!paused());
	ck_assert_uint_eq(resumes, 2);
}
END_TEST

START_TEST(a_window_without_end_lasts_until_it_is_resumed)
{
	begin("UTC0", "2026-11-29 02:30:00", "00:00-24:00");
	IS("", "pause_during");
	ck_assert_str_eq(
		health_text(daemons[0], "text"), "a is paused by pause_during: 00:00-24:00");
	pause_stop(pauses, daemons[0]);
	step_to("2026-12-29 02:30:00");
	ck_assert(!paused());
	again("00:00-24:00");
	ck_assert(!paused());
}
END_TEST

START_TEST(a_clock_that_is_set_ends_and_begins_windows)
{
	begin("UTC0", "2026-11-29 01:00:00", "Sun 02:00-04:00");
	step_to("2026-11-29 03:00:00");
	IS("2026-11-29T04:00:00.000Z", "pause_during");
	step_to("2026-11-29 01:30:00");
	ck_assert(!paused());
	step_to("2026-11-29 03:59:00");
	IS("2026-11-29T04:00:00.000Z", "pause_during");
	pause_stop(pauses, daemons[0]);
	step_to("2026-11-29 03:00:00");
	ck_assert(!paused()); /* the same window */
	step_to("2019-12-01 03:00:00");
	IS("2019-12-01T04:00:00.000Z", "pause_during");
}
END_TEST

/* 02:00 to 03:00 does not exist on 2026-03-29, and lasts for two hours on 2026-10-25. */
START_TEST(a_window_is_what_the_clock_on_the_wall_shows)
{
	begin(BERLIN, "2026-03-29 00:59:59", "02:00-03:00");
	step_to("2026-03-29 01:00:00");
	ck_assert(!paused());
	step_to("2026-10-25 00:00:00");
	IS("2026-10-25T02:00:00.000Z", "pause_during");
	step_to("2026-10-25 01:59:59");
	ck_assert(paused());
	TURN_UNTIL(!paused());
}
END_TEST

/* The next one may be years away, and the daemon is not forgotten until then. */
START_TEST(a_rare_window_begins_too)
{
	begin("UTC0", "2026-11-29 02:30:00", "*-02-29");
	turn_for(20 * CLOCK_MS);
	ck_assert(!paused());
	ck_assert_uint_ne(loop_timer_due(pauses->timer), 0);
	step_to("2028-02-29 12:00:00");
	IS("2028-03-01T00:00:00.000Z", "pause_during");
}
END_TEST

static unsigned announced;

static void on_paused(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	announced++;
}

START_TEST(a_pause_that_stays_as_it_is_is_not_announced)
{
	struct state_watch *watch;

	begin("UTC0", "2026-11-29 02:30:00", "02:00-04:00");
	announced = 0;
	watch = state_watch(environment.state, "/runs/a", on_paused, NULL);
	ck_assert_ptr_nonnull(watch);
	step_to("2026-11-29 02:31:00");
	step_to("2026-11-29 02:32:00");
	ck_assert(paused());
	ck_assert_uint_eq(announced, 0);
	state_unwatch(watch);
}
END_TEST

SUITE("pause_during", setup, teardown)
{
	TEST(a_window_pauses_its_daemon_and_ends_by_itself);
	TEST(a_daemon_that_starts_inside_a_window_is_paused_before_its_start);
	TEST(the_end_of_a_window_does_not_shorten_a_pause);
	TEST(the_end_of_a_pause_does_not_shorten_a_window);
	TEST(a_resume_ends_the_pause_for_this_window);
	TEST(a_resume_ends_both_pauses);
	TEST(a_withdrawn_pause_leaves_the_window);
	TEST(a_changed_option_counts_at_once);
	TEST(a_window_without_end_lasts_until_it_is_resumed);
	TEST(a_clock_that_is_set_ends_and_begins_windows);
	TEST(a_window_is_what_the_clock_on_the_wall_shows);
	TEST(a_rare_window_begins_too);
	TEST(a_pause_that_stays_as_it_is_is_not_announced);
}
