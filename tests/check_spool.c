/* check_spool: lines wait in order, up to a limit, and survive a restart. */
#include "modules/icinga/spool.h"

#include <errno.h>

#include "scratch.h"
#include "suite.h"

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

static void expect(const struct spool_entry *entry, const char *word, int n)
{
	char line[64];

	snprintf(line, sizeof(line), "%s%06d", word, n);
	ck_assert_ptr_nonnull(entry);
	ck_assert_str_eq(entry->line, line);
}

/* Takes the first line. */
static void take(const char *word, int n)
{
	struct spool_entry *entry = spool_next(spool, NULL);

	expect(entry, word, n);
	spool_take(spool, entry);
	spool_done(spool, entry);
}

/* If the spool drops a line that is in flight, its reply must not remove another line. */
START_TEST(a_line_in_flight_may_be_dropped)
{
	struct spool_entry *sent, *again;
	uint64_t dropped;
	size_t waiting;

	open_it(4096);
	put("", 0);
	put("", 1);
	sent = spool_next(spool, NULL);
	spool_take(spool, sent);
	again = spool_next(spool, NULL);
	spool_take(spool, again);
	for (int i = 2; i < 1000; i++)
		put("", i);
	dropped = spool_dropped(spool);
	waiting = spool_waiting(spool);
	ck_assert_uint_gt(dropped, 0);
	expect(sent, "", 0);
	expect(again, "", 1);
	spool_done(spool, sent);
	ck_assert_uint_eq(spool_waiting(spool), waiting - 1);
	ck_assert_uint_eq(spool_dropped(spool), dropped);
	spool_again(spool, again); /* it is no longer on disk */
	ck_assert_uint_eq(spool_waiting(spool), waiting - 2);
	ck_assert_uint_eq(spool_dropped(spool), dropped + 1);
	take("", (int)dropped + 2);
	spool_close(spool);
}
END_TEST

START_TEST(replies_may_come_in_any_order)
{
	struct spool_entry *entries[10];

	open_it(65536);
	for (int i = 0; i < 20; i++)
		put("", i);
	for (int i = 0; i < 10; i++) {
		entries[i] = spool_next(spool, NULL);
		expect(entries[i], "", i);
		spool_take(spool, entries[i]);
	}
	for (int i = 9; i >= 0; i--) {
		if (i != 0 && i != 5)
			spool_done(spool, entries[i]);
		expect(spool_oldest(spool), "", 0);
	}
	ck_assert_uint_eq(spool_waiting(spool), 12);
	spool_again(spool, entries[5]);
	spool_again(spool, entries[0]);
	expect(spool_next(spool, NULL), "", 0);
	expect(spool_next(spool, spool_next(spool, NULL)), "", 5);
	take("", 0);
	/* After a restart, the lines that were answered out of order are sent again, because the
	 * file is cut at the first line that was not answered. */
	spool_close(spool);
	open_it(65536);
	ck_assert_uint_eq(spool_waiting(spool), 15);
	take("", 5);
	spool_close(spool);
}
END_TEST

/* Lines that were not read ahead are found later, and new lines come after them. */
START_TEST(more_lines_than_are_read_ahead)
{
	struct spool_entry *entry;
	int n = 0;

	open_it(65536);
	for (int i = 0; i < 500; i++)
		put("", i);
	for (entry = spool_next(spool, NULL); entry != NULL; entry = spool_next(spool, entry))
		expect(entry, "", n++);
	ck_assert_int_gt(n, 16);
	ck_assert_int_lt(n, 500);
	for (int i = 0; i < 500; i++)
		take("", i);
	ck_assert_ptr_null(spool_next(spool, NULL));
	put("", 500);
	take("", 500);
	spool_close(spool);
}
END_TEST

START_TEST(long_lines_are_stored)
{
	size_t size = 700 * 1024;
	char *line = malloc(size + 1);
	struct spool_entry *entry;

	memset(line, 'x', size);
	line[size] = '\0';
	open_it(1024 * 1024);
	ck_assert_int_eq(spool_put(spool, line), -E2BIG);
	spool_close(spool);
	open_it(16 * 1024 * 1024);
	for (int i = 0; i < 8; i++) {
		line[0] = (char)('0' + i);
		ck_assert_int_eq(spool_put(spool, line), 0);
	}
	for (int i = 0; i < 8; i++) {
		entry = spool_next(spool, NULL);
		ck_assert_uint_eq(strlen(entry->line), size);
		ck_assert_int_eq(entry->line[0], '0' + i);
		spool_take(spool, entry);
		spool_done(spool, entry);
	}
	spool_close(spool);
	free(line);
}
END_TEST

START_TEST(lines_come_in_the_order_of_their_arrival)
{
	open_it(65536);
	ck_assert_ptr_null(spool_next(spool, NULL));
	ck_assert_ptr_null(spool_oldest(spool));
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
		ck_assert_ptr_null(spool_next(spool, NULL));
	}
	ck_assert_uint_eq(spool_dropped(spool), 0);
	spool_close(spool);
}
END_TEST

START_TEST(waiting_lines_survive_a_restart)
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
	ck_assert_ptr_null(spool_next(spool, NULL));
	spool_close(spool);
}
END_TEST

START_TEST(the_oldest_lines_are_dropped)
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
	for (int i = first; i < n; i++)
		take("", i);
	ck_assert_ptr_null(spool_next(spool, NULL));
	spool_close(spool);
}
END_TEST

START_TEST(an_incomplete_line_is_dropped)
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
	ck_assert_ptr_null(spool_next(spool, NULL));
	spool_close(spool);
}
END_TEST

START_TEST(a_path_that_is_not_a_regular_file_is_refused)
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

SUITE("spool", scratch_setup, scratch_teardown)
{
	TEST(lines_come_in_the_order_of_their_arrival);
	TEST(waiting_lines_survive_a_restart);
	TEST(the_oldest_lines_are_dropped);
	TEST(a_line_in_flight_may_be_dropped);
	TEST(replies_may_come_in_any_order);
	TEST(more_lines_than_are_read_ahead);
	TEST(long_lines_are_stored);
	TEST(an_incomplete_line_is_dropped);
	TEST(a_path_that_is_not_a_regular_file_is_refused);
}
