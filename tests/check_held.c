/* check_held: who brings vigild down three times in a row is held back, until it is let go.  The
 * vigilds of the past are children of the test that end in somebody's callback. */
#include "host/held.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "ground.h"
#include "loop/blame.h"

static char why[512];

static void enter_and_die(const char *name, bool loading, double lived)
{
	struct blame before;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		signal(SIGSEGV, SIG_DFL);
		if (blame_open(scratch, &before) != 0)
			_exit(99);
		if (loading)
			blame_load(name);
		else if (name != NULL)
			blame_enter(name, clock_now() + (uint64_t)(lived * CLOCK_SECOND));
		raise(SIGSEGV);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* The next vigild's start, without its life. */
static void review(void)
{
	held_review(ground.store, scratch);
	blame_close();
}

/* A vigild that ends so, and the start of the next. */
static void die_in(const char *name)
{
	enter_and_die(name, false, 1);
	review();
}

static bool is_held(const char *name)
{
	return held_back(ground.store, name, why, sizeof(why));
}

START_TEST(test_in_a_row)
{
	ck_assert(!is_held("bad"));
	die_in("bad");
	ck_assert_uint_eq(log_holds("the vigild before this one was ended by signal 11"), 1);
	ck_assert_uint_eq(log_holds("bad: the vigild"), 1);
	die_in("bad");
	ck_assert(!is_held("bad"));
	die_in("bad");
	ck_assert(is_held("bad"));
	ck_assert_ptr_nonnull(strstr(why, "3 times in a row"));
	ck_assert_ptr_nonnull(strstr(why, "vigilctl resume bad"));
	ck_assert(!is_held("good"));

	/* It stays so, whatever the others do, and over clean ends. */
	review();
	die_in("good");
	held_forgive(ground.store);
	ck_assert(is_held("bad"));
	ck_assert(!is_held("good"));
}
END_TEST

START_TEST(test_released)
{
	ck_assert(!held_release(ground.store, "bad"));
	for (int i = 0; i < 3; i++)
		die_in("bad");
	ck_assert(held_release(ground.store, "bad"));
	ck_assert(!held_release(ground.store, "bad"));
	ck_assert(!is_held("bad"));
	die_in("bad");
	die_in("bad");
	ck_assert(!held_release(ground.store, "bad")); /* it is not held */
	ck_assert(!is_held("bad"));
	die_in("bad");
	ck_assert(is_held("bad"));
}
END_TEST

/* Another's end, a clean one, or a long life, and the row is broken. */
START_TEST(test_row_is_broken)
{
	die_in("a");
	die_in("a");
	die_in("b");
	die_in("a");
	ck_assert(!is_held("a"));
	die_in("a");
	held_forgive(ground.store); /* as a clean end does */
	die_in("a");
	ck_assert(!is_held("a"));
	die_in("a");
	enter_and_die("a", false, 10000);
	review();
	ck_assert(!is_held("a"));
	die_in("a");
	ck_assert(!is_held("a")); /* that long life's was the first of a new row */
	die_in("a");
	ck_assert(is_held("a"));
}
END_TEST

START_TEST(test_nobody)
{
	die_in(NULL);
	ck_assert_uint_eq(log_holds("was ended by signal 11"), 1);
	die_in("a");
	die_in("a");
	die_in(NULL); /* in nobody's callback */
	die_in("a");
	ck_assert(!is_held("a"));
	logged_lines = 0;
	review(); /* a clean end */
	ck_assert_uint_eq(log_holds("was ended"), 0);
}
END_TEST

START_TEST(test_module)
{
	for (int i = 0; i < 3; i++) {
		ck_assert(!held_back_module(ground.store, "odd", why, sizeof(why)));
		enter_and_die("odd", true, 0);
		review();
	}
	ck_assert(held_back_module(ground.store, "odd", why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "3 times in a row while the module odd was opened"));
	ck_assert_uint_eq(log_holds("while the module of this name was opened"), 3);
	/* A daemon of the same name is another matter. */
	ck_assert(!is_held("odd"));
	ck_assert(!held_release(ground.store, "odd"));
	ck_assert(held_release_module(ground.store, "odd"));
	ck_assert(!held_back_module(ground.store, "odd", why, sizeof(why)));
}
END_TEST

/* What stands in the page may be of anybody's making who can write there. */
START_TEST(test_foreign_name)
{
	die_in("../../etc/passwd");
	die_in("a\nb");
	ck_assert_uint_eq(logged_lines, 0);
	ck_assert_ptr_null(store_section(ground.store, "crashed"));
}
END_TEST

/* It is on the disk before the next crash. */
START_TEST(test_kept)
{
	struct store *again;

	for (int i = 0; i < 3; i++)
		die_in("bad");
	again = store_open(ground.loop, scratch_path("store"));
	ck_assert_ptr_nonnull(again);
	ck_assert(held_back(again, "bad", why, sizeof(why)));
	ck_assert(held_release(again, "bad"));
	store_close(again);
	again = store_open(ground.loop, scratch_path("store"));
	ck_assert(!held_back(again, "bad", why, sizeof(why)));
	store_close(again);
}
END_TEST

START_TEST(a_damaged_count_is_brought_into_range)
{
	const json_int_t counts[] = {INT64_MAX, INT64_MIN, 1LL << 32};

	for (size_t i = 0; i < 3; i++) {
		store_put_new(ground.store, "crashed", "bad", "in_a_row", json_integer(counts[i]));
		ck_assert(is_held("bad") == (counts[i] > 0));
		ck_assert(counts[i] < 0 || strstr(why, "1000000 times") != NULL);
		die_in("bad"); /* which adds one */
		ck_assert(is_held("bad") == (counts[i] > 0));
	}
}
END_TEST

int main(void)
{
	TCase *tcase = suite_begin("held", ground_setup, ground_teardown);

	tcase_add_test(tcase, test_in_a_row);
	tcase_add_test(tcase, test_released);
	tcase_add_test(tcase, test_row_is_broken);
	tcase_add_test(tcase, test_nobody);
	tcase_add_test(tcase, test_module);
	tcase_add_test(tcase, test_foreign_name);
	tcase_add_test(tcase, test_kept);
	tcase_add_test(tcase, a_damaged_count_is_brought_into_range);
	return suite_end("held", tcase);
}
