/* check_quarantine: a daemon that crashes vigild three times in a row is quarantined until it is released.  The
 * vigilds of the past are children of the test that end in somebody's callback. */
#include "host/quarantine.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fixture_environment.h"
#include "persist/crash_marker.h"

static char why[512];

static void enter_and_die(const char *name, bool loading, double lived)
{
	struct blame before;
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

/* The next vigild's start, without its life. */
static void review(void)
{
	quarantine_review(environment.store, scratch);
	crash_marker_close();
}

/* A vigild that ends so, and the start of the next. */
static void die_in(const char *name)
{
	enter_and_die(name, false, 1);
	review();
}

static bool is_quarantined(const char *name)
{
	return quarantine_has(environment.store, name, why, sizeof(why));
}

START_TEST(test_in_a_row)
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

	/* It stays so, whatever the others do, and over clean ends. */
	review();
	die_in("good");
	quarantine_forgive(environment.store);
	ck_assert(is_quarantined("bad"));
	ck_assert(!is_quarantined("good"));
}
END_TEST

START_TEST(test_released)
{
	ck_assert(!quarantine_release(environment.store, "bad"));
	for (int i = 0; i < 3; i++)
		die_in("bad");
	ck_assert(quarantine_release(environment.store, "bad"));
	ck_assert(!quarantine_release(environment.store, "bad"));
	ck_assert(!is_quarantined("bad"));
	die_in("bad");
	die_in("bad");
	ck_assert(!quarantine_release(environment.store, "bad")); /* it is not held */
	ck_assert(!is_quarantined("bad"));
	die_in("bad");
	ck_assert(is_quarantined("bad"));
}
END_TEST

/* Another's end, a clean one, or a long life, and the row is broken. */
START_TEST(test_row_is_broken)
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
	ck_assert(!is_quarantined("a")); /* that long life's was the first of a new row */
	die_in("a");
	ck_assert(is_quarantined("a"));
}
END_TEST

START_TEST(test_nobody)
{
	die_in(NULL);
	ck_assert_uint_eq(log_holds(": signal 11"), 1);
	die_in("a");
	die_in("a");
	die_in(NULL); /* in nobody's callback */
	die_in("a");
	ck_assert(!is_quarantined("a"));
	logged_lines = 0;
	review(); /* a clean end */
	ck_assert_uint_eq(log_holds("the previous vigild"), 0);
}
END_TEST

START_TEST(test_module)
{
	for (int i = 0; i < 3; i++) {
		ck_assert(!quarantine_has_module(environment.store, "odd", why, sizeof(why)));
		enter_and_die("odd", true, 0);
		review();
	}
	ck_assert(quarantine_has_module(environment.store, "odd", why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "3 times in a row while it opened the module odd"));
	ck_assert_uint_eq(log_holds("while it opened the module of this name"), 3);
	/* A daemon of the same name is another matter. */
	ck_assert(!is_quarantined("odd"));
	ck_assert(!quarantine_release(environment.store, "odd"));
	ck_assert(quarantine_release_module(environment.store, "odd"));
	ck_assert(!quarantine_has_module(environment.store, "odd", why, sizeof(why)));
}
END_TEST

/* What stands in the page may be of anybody's making who can write there. */
START_TEST(test_foreign_name)
{
	die_in("../../etc/passwd");
	die_in("a\nb");
	ck_assert_uint_eq(logged_lines, 0);
	ck_assert_ptr_null(store_section(environment.store, "crashed"));
}
END_TEST

/* Counts that nobody has counted neither overflow nor hold a daemon for ever, nor let it crash for ever. */
START_TEST(kept_counts_out_of_range_are_bounded)
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

/* It is on the disk before the next crash. */
START_TEST(test_kept)
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
		die_in("bad"); /* which adds one */
		ck_assert(is_quarantined("bad") == (counts[i] > 0));
	}
}
END_TEST

int main(void)
{
	TCase *tcase = suite_begin("held", environment_setup, environment_teardown);

	tcase_add_test(tcase, test_in_a_row);
	tcase_add_test(tcase, test_released);
	tcase_add_test(tcase, test_row_is_broken);
	tcase_add_test(tcase, test_nobody);
	tcase_add_test(tcase, test_module);
	tcase_add_test(tcase, test_foreign_name);
	tcase_add_test(tcase, kept_counts_out_of_range_are_bounded);
	tcase_add_test(tcase, test_kept);
	tcase_add_test(tcase, a_damaged_count_is_brought_into_range);
	return suite_end("held", tcase);
}
