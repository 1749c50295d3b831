/*
 * check_quarantine: a daemon that crashed vigild three times in a row is not started, until it is
 * released. The previous vigilds are children of the test that crash in a callback.
 */
#include "host/quarantine.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fixture_environment.h"
#include "persist/crash_marker.h"

static char why[512];

static void enter_and_die(const char *name, bool loading, double lived)
{
	struct crash before;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		signal(SIGSEGV, SIG_DFL);
		if (crash_marker_open(scratch, &before) != 0)
			_exit(99);
		if (loading)
			crash_marker_load(name);
		else if (name != NULL)
			crash_marker_enter(name, clock_now() + (uint64_t)(lived * CLOCK_SECOND));
		raise(SIGSEGV);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* Does what the next vigild does at its start. */
static void review(void)
{
	quarantine_review(environment.store, scratch);
	crash_marker_close();
}

/* Crashes a vigild in the callback of this daemon, and starts the next. */
static void die_in(const char *name)
{
	enter_and_die(name, false, 1);
	review();
}

static bool is_quarantined(const char *name)
{
	return quarantine_has(environment.store, name, why, sizeof(why));
}

START_TEST(three_crashes_in_a_row_quarantine_a_daemon)
{
	ck_assert(!is_quarantined("bad"));
	die_in("bad");
	ck_assert_uint_eq(
		log_holds("the previous vigild crashed in a callback of this daemon: signal 11"),
		1);
	ck_assert_uint_eq(log_holds("bad: the previous vigild"), 1);
	die_in("bad");
	ck_assert(!is_quarantined("bad"));
	die_in("bad");
	ck_assert(is_quarantined("bad"));
	ck_assert_ptr_nonnull(strstr(why, "3 times in a row"));
	ck_assert_ptr_nonnull(strstr(why, "vigilctl resume bad"));
	ck_assert(!is_quarantined("good"));

	/* The quarantine lasts, whatever the other daemons do, and also after clean ends. */
	review();
	die_in("good");
	quarantine_forgive(environment.store);
	ck_assert(is_quarantined("bad"));
	ck_assert(!is_quarantined("good"));
}
END_TEST

START_TEST(a_released_daemon_may_crash_again)
{
	ck_assert(!quarantine_release(environment.store, "bad"));
	for (int i = 0; i < 3; i++)
		die_in("bad");
	ck_assert(quarantine_release(environment.store, "bad"));
	ck_assert(!quarantine_release(environment.store, "bad"));
	ck_assert(!is_quarantined("bad"));
	die_in("bad");
	die_in("bad");
	ck_assert(!quarantine_release(environment.store, "bad")); /* it is not in quarantine */
	ck_assert(!is_quarantined("bad"));
	die_in("bad");
	ck_assert(is_quarantined("bad"));
}
END_TEST

/* A crash of another daemon, a clean end or a long life ends the row. */
START_TEST(a_row_of_crashes_can_be_interrupted)
{
	die_in("a");
	die_in("a");
	die_in("b");
	die_in("a");
	ck_assert(!is_quarantined("a"));
	die_in("a");
	quarantine_forgive(environment.store); /* as a clean end does */
	die_in("a");
	ck_assert(!is_quarantined("a"));
	die_in("a");
	enter_and_die("a", false, 10000);
	review();
	ck_assert(!is_quarantined("a"));
	die_in("a");
	ck_assert(!is_quarantined("a")); /* only the second of a new row */
	die_in("a");
	ck_assert(is_quarantined("a"));
}
END_TEST

START_TEST(a_crash_outside_of_callbacks_is_logged)
{
	die_in(NULL);
	ck_assert_uint_eq(log_holds(": signal 11"), 1);
	die_in("a");
	die_in("a");
	die_in(NULL); /* outside of any callback */
	die_in("a");
	ck_assert(!is_quarantined("a"));
	logged_lines = 0;
	review(); /* a clean end */
	ck_assert_uint_eq(log_holds("the previous vigild"), 0);
}
END_TEST

START_TEST(three_crashes_while_loading_quarantine_a_module)
{
	for (int i = 0; i < 3; i++) {
		ck_assert(!quarantine_has_module(environment.store, "odd", why, sizeof(why)));
		enter_and_die("odd", true, 0);
		review();
	}
	ck_assert(quarantine_has_module(environment.store, "odd", why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "3 times in a row while it opened the module odd"));
	ck_assert_uint_eq(log_holds("while it opened the module of this name"), 3);
	/* A daemon of the same name is not affected. */
	ck_assert(!is_quarantined("odd"));
	ck_assert(!quarantine_release(environment.store, "odd"));
	ck_assert(quarantine_release_module(environment.store, "odd"));
	ck_assert(!quarantine_has_module(environment.store, "odd", why, sizeof(why)));
}
END_TEST

/* The file may have been written by anyone with access. */
START_TEST(an_invalid_name_in_the_crash_marker_is_ignored)
{
	die_in("../../etc/passwd");
	die_in("a\nb");
	ck_assert_uint_eq(logged_lines, 0);
	ck_assert_ptr_null(store_section(environment.store, "crashed"));
}
END_TEST

/* A forged count must not overflow, nor keep a daemon in quarantine or out of it for ever. */
START_TEST(stored_counts_out_of_range_are_limited)
{
	store_put_new(environment.store, "crashed", "many", "in_a_row", json_integer(INT64_MAX));
	store_put_new(environment.store, "crashed", "few", "in_a_row", json_integer(INT64_MIN));
	die_in("many");
	ck_assert(is_quarantined("many"));
	ck_assert(json_integer_value(store_get(environment.store, "crashed", "many", "in_a_row")) <
		  INT32_MAX);
	ck_assert(quarantine_release(environment.store, "many"));
	ck_assert(!is_quarantined("many"));
	for (int i = 0; i < 3; i++)
		die_in("few");
	ck_assert(is_quarantined("few"));
}
END_TEST

/* The count is on disk before the next crash. */
START_TEST(the_quarantine_is_stored_immediately)
{
	struct store *again;

	for (int i = 0; i < 3; i++)
		die_in("bad");
	again = store_open(environment.loop, scratch_path("store"));
	ck_assert_ptr_nonnull(again);
	ck_assert(quarantine_has(again, "bad", why, sizeof(why)));
	ck_assert(quarantine_release(again, "bad"));
	store_close(again);
	again = store_open(environment.loop, scratch_path("store"));
	ck_assert(!quarantine_has(again, "bad", why, sizeof(why)));
	store_close(again);
}
END_TEST

START_TEST(a_damaged_count_is_brought_into_range)
{
	const json_int_t counts[] = {INT64_MAX, INT64_MIN, 1LL << 32};

	for (size_t i = 0; i < 3; i++) {
		store_put_new(
			environment.store, "crashed", "bad", "in_a_row", json_integer(counts[i]));
		ck_assert(is_quarantined("bad") == (counts[i] > 0));
		ck_assert(counts[i] < 0 || strstr(why, "1000000 times") != NULL);
		die_in("bad"); /* this adds one crash */
		ck_assert(is_quarantined("bad") == (counts[i] > 0));
	}
}
END_TEST

START_TEST(three_ends_of_its_own_process_quarantine_a_daemon)
{
	ck_assert_uint_eq(quarantine_count(environment.store, "apart", 1), 1);
	ck_assert_uint_eq(quarantine_count(environment.store, "apart", 1), 2);
	ck_assert(!is_quarantined("apart"));
	/* An end after a long run begins a new row. */
	ck_assert_uint_eq(quarantine_count(environment.store, "apart", 1000), 1);
	ck_assert_uint_eq(quarantine_count(environment.store, "apart", 1), 2);
	ck_assert_uint_eq(quarantine_count(environment.store, "apart", 1), 3);
	ck_assert(is_quarantined("apart"));
	ck_assert_ptr_nonnull(strstr(why, "its process ended 3 times in a row"));
	ck_assert(quarantine_release(environment.store, "apart"));
	ck_assert(!is_quarantined("apart"));
}
END_TEST

SUITE("quarantine", environment_setup, environment_teardown)
{
	TEST(three_ends_of_its_own_process_quarantine_a_daemon);
	TEST(three_crashes_in_a_row_quarantine_a_daemon);
	TEST(a_released_daemon_may_crash_again);
	TEST(a_row_of_crashes_can_be_interrupted);
	TEST(a_crash_outside_of_callbacks_is_logged);
	TEST(three_crashes_while_loading_quarantine_a_module);
	TEST(an_invalid_name_in_the_crash_marker_is_ignored);
	TEST(stored_counts_out_of_range_are_limited);
	TEST(the_quarantine_is_stored_immediately);
	TEST(a_damaged_count_is_brought_into_range);
}
