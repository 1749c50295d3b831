/* check_spool: results wait in order, up to a bound, and outlive whoever put them there. */
#include "modules/icinga/spool.h"

#include <check.h>
#include <errno.h>

#include "scratch.h"

static struct spool *spool;

static void open_it(int64_t size_max)
{
	spool = spool_open(scratch_path("queue"), size_max);
	ck_assert_ptr_nonnull(spool);
}

static void put(const char *word, int n)
{
	char line[64];

	snprintf(line, sizeof(line), "%s%06d", word, n);
	ck_assert_int_eq(spool_put(spool, line), 0);
}

static void take(const char *word, int n)
{
	char line[64];

	snprintf(line, sizeof(line), "%s%06d", word, n);
	ck_assert_ptr_nonnull(spool_first(spool));
	ck_assert_str_eq(spool_first(spool), line);
	spool_drop_first(spool);
}

/* What is on its way when it gives way must not take the next one with it. */
START_TEST(what_gives_way_has_a_number)
{
	uint64_t number;

	open_it(4096);
	put("", 0);
	number = spool_number(spool);
	ck_assert_str_eq(spool_first(spool), "000000");
	for (int i = 1; i < 1000; i++)
		put("", i);
	ck_assert_uint_ne(spool_number(spool), number);
	ck_assert_str_ne(spool_first(spool), "000000");
	number = spool_number(spool);
	spool_drop_first(spool);
	ck_assert_uint_eq(spool_number(spool), number + 1);
	spool_close(spool);
}
END_TEST

START_TEST(first_come_first_served)
{
	open_it(65536);
	ck_assert_ptr_null(spool_first(spool));
	spool_drop_first(spool);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++)
			put("line ", i);
		ck_assert_uint_eq(spool_waiting(spool), 100);
		for (int i = 0; i < 100; i++) {
			take("line ", i);
			if (i % 10 == 0)
				put("late ", i);
		}
		for (int i = 0; i < 100; i += 10)
			take("late ", i);
		ck_assert_ptr_null(spool_first(spool));
	}
	ck_assert_uint_eq(spool_dropped(spool), 0);
	spool_close(spool);
}
END_TEST

START_TEST(what_waits_outlives_a_restart)
{
	open_it(4096);
	for (int i = 0; i < 300; i++) /* more than one file holds */
		put("", i);
	for (int i = 0; i < 7; i++)
		take("", i);
	spool_close(spool);
	open_it(4096);
	ck_assert_uint_eq(spool_waiting(spool), 293);
	for (int i = 7; i < 300; i++)
		take("", i);
	spool_close(spool);
	open_it(4096);
	ck_assert_ptr_null(spool_first(spool));
	spool_close(spool);
}
END_TEST

START_TEST(the_oldest_gives_way)
{
	struct stat st;
	int first, n = 10000;

	open_it(4096);
	for (int i = 0; i < n; i++)
		put("", i);
	ck_assert_uint_eq(spool_waiting(spool) + spool_dropped(spool), n);
	ck_assert_uint_ge(spool_waiting(spool), 4096 / 2 / 7);
	ck_assert_int_eq(stat(scratch_path("queue"), &st), 0);
	ck_assert_int_le(st.st_size, 2048);
	ck_assert_int_eq(stat(scratch_path("queue.old"), &st), 0);
	ck_assert_int_le(st.st_size, 2048);
	first = (int)spool_dropped(spool);
	ck_assert_uint_eq(spool_number(spool), (unsigned)first);
	for (int i = first; i < n; i++)
		take("", i);
	ck_assert_ptr_null(spool_first(spool));
	spool_close(spool);
}
END_TEST

START_TEST(a_line_that_was_cut_is_none)
{
	scratch_put("queue.old", 0600, "a000000\nb000000\n");
	scratch_put("queue", 0600, "c000000\nhalf");
	open_it(4096);
	ck_assert_uint_eq(spool_waiting(spool), 3);
	put("d", 0);
	take("a", 0);
	take("b", 0);
	take("c", 0);
	take("d", 0);
	ck_assert_ptr_null(spool_first(spool));
	spool_close(spool);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	ck_assert_int_eq(mkdir(scratch_path("queue"), 0700), 0);
	ck_assert_ptr_null(spool_open(scratch_path("queue"), 4096));
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(rmdir(scratch_path("queue")), 0);
	ck_assert_int_eq(symlink("/etc/passwd", scratch_path("queue")), 0);
	ck_assert_ptr_null(spool_open(scratch_path("queue"), 4096));
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(unlink(scratch_path("queue")), 0);
	scratch_put("another's", 0600, "half a line is cut");
	ck_assert_int_eq(link(scratch_path("another's"), scratch_path("queue")), 0);
	ck_assert_ptr_null(spool_open(scratch_path("queue"), 4096));
	ck_assert_int_eq(unlink(scratch_path("queue")), 0);
	ck_assert_ptr_null(spool_open(scratch_path("no/queue"), 4096));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spool");
	TCase *tcase = tcase_create("spool");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
	tcase_add_test(tcase, first_come_first_served);
	tcase_add_test(tcase, what_waits_outlives_a_restart);
	tcase_add_test(tcase, the_oldest_gives_way);
	tcase_add_test(tcase, what_gives_way_has_a_number);
	tcase_add_test(tcase, a_line_that_was_cut_is_none);
	tcase_add_test(tcase, what_is_no_file_is_refused);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
