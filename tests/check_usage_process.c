/* check_usage_process: what one process uses, from /proc. */
#include "fixture_usage.h"

#include <fcntl.h>

#define LINE(times, threads, started) \
	"7 (a) b) S 1 2 3 0 -1 4 1 2 3 4 " times " 20 0 " threads " 0 " started " 4096 2 1844\n"

START_TEST(a_line_of_the_kernel_is_parsed)
{
	struct usage_stat stat;

	ck_assert(usage_process_parse(LINE("100 23 8 9", "5", "4711"), &stat));
	ck_assert_int_eq(stat.own, 123);
	ck_assert_int_eq(stat.reaped, 17);
	ck_assert_int_eq(stat.started, 4711);
	ck_assert_int_eq(stat.threads, 5);
	ck_assert_int_eq(stat.parent, 1);
	ck_assert_int_eq(stat.group, 2);
	ck_assert_int_eq(stat.session, 3);
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
	static const char *const lines[] = {LINE("-1 2 3 4", "1", "1"), LINE("1 -2 3 4", "1", "1"),
		LINE("1 2 3 -4", "1", "1"), LINE("1 2 3 4", "-1", "1"), LINE("1 2 3 4", "1", "-1"),
		LINE("9223372036854775807 1 2 3", "1", "1"), "7 (a", "", ")", "7 (a) S 1 7"};
	struct usage_stat stat;

	for (size_t i = 0; i < COUNT(lines); i++)
		ck_assert_msg(!usage_process_parse(lines[i], &stat), "%s", lines[i]);
}
END_TEST

START_TEST(files_that_are_mapped_are_not_memory)
{
	int64_t memory, shared;

	PROCESS(.pid = 7, .memory = 100, .shared = 20);
	ck_assert_int_eq(usage_process_memory(7, &memory, &shared), 0);
	ck_assert_int_eq(memory, 100 * 1024);
	ck_assert_int_eq(shared, 20 * 1024);
	put("proc/7/status", "Name:\tRssAnon: 1\nVmRSS:\t50 kB\n"); /* Linux 4.4 */
	ck_assert_int_eq(usage_process_memory(7, &memory, &shared), 0);
	ck_assert_int_eq(memory, 50 * 1024);
	ck_assert_int_eq(shared, 0);
	put("proc/7/status", "RssAnon:\t-5 kB\nRssShmem:\t99999999999999999999999 kB\n");
	ck_assert_int_eq(usage_process_memory(7, &memory, &shared), 0);
	ck_assert_int_eq(memory, 0);
	ck_assert_int_eq(usage_process_memory(8, &memory, &shared), -ENOENT);
}
END_TEST

START_TEST(io_is_that_of_disks)
{
	int64_t in, out;

	PROCESS(.pid = 7);
	ck_assert_int_eq(usage_process_io(7, &in, &out), 0);
	ck_assert_int_eq(in, 4096);
	ck_assert_int_eq(out, 8192);
	put("proc/7/io", "read_bytes: many\nwrite_bytes: 1\n");
	ck_assert_int_lt(usage_process_io(7, &in, &out), 0);
}
END_TEST

START_TEST(a_missing_io_file_is_no_sign_that_the_process_has_ended)
{
	int64_t in, out;

	PROCESS(.pid = 7);
	ck_assert_int_eq(unlink(scratch_path("proc/7/io")), 0); /* no CONFIG_TASK_IO_ACCOUNTING */
	ck_assert_int_eq(usage_process_io(7, &in, &out), -EOPNOTSUPP);
	ck_assert(!usage_process_has_ended(-EOPNOTSUPP));
	ck_assert(usage_process_has_ended(usage_process_io(8, &in, &out)));
}
END_TEST

START_TEST(descriptors_are_counted_in_parts)
{
	struct usage_files files = {.dir = NULL};
	int budget = 10, rounds = 0, more;

	PROCESS(.pid = 7, .files = 25);
	while ((more = usage_process_files(&files, 7, &budget)) == 1) {
		ck_assert_int_eq(budget, 0);
		budget = 10;
		ck_assert_int_lt(++rounds, 10);
	}
	ck_assert_int_eq(more, 0);
	ck_assert_int_eq(files.count, 25);
	ck_assert_int_ge(rounds, 2);
	ck_assert_ptr_null(files.dir);
}
END_TEST

START_TEST(the_real_proc_agrees_with_this_process)
{
	int64_t threads = 0, memory, shared;
	struct usage_files files = {.dir = NULL};
	int budget = 1000000, before, opened[20];
	double age;

	usage_process_root("");
	age = usage_process_age(getpid());
	ck_assert(age >= 0 && usage_process_age(getpid()) >= age);
	ck_assert(usage_process_age(0) == 0);
	ck_assert_int_eq(usage_process_threads(getpid(), &threads), 0);
	ck_assert_int_eq(threads, 1);
	ck_assert_int_eq(usage_process_memory(getpid(), &memory, &shared), 0);
	ck_assert_int_gt(memory, 0);
	ck_assert_int_eq(usage_process_files(&files, getpid(), &budget), 0);
	before = (int)files.count;
	for (size_t i = 0; i < COUNT(opened); i++)
		opened[i] = open("/dev/null", O_RDONLY);
	files.count = 0;
	ck_assert_int_eq(usage_process_files(&files, getpid(), &budget), 0);
	ck_assert_int_eq(files.count, before + (int)COUNT(opened));
	for (size_t i = 0; i < COUNT(opened); i++)
		close(opened[i]);
}
END_TEST

SUITE("usage_process", setup, teardown)
{
	TEST(a_line_of_the_kernel_is_parsed);
	TEST(numbers_out_of_range_are_refused);
	TEST(files_that_are_mapped_are_not_memory);
	TEST(io_is_that_of_disks);
	TEST(a_missing_io_file_is_no_sign_that_the_process_has_ended);
	TEST(descriptors_are_counted_in_parts);
	TEST(the_real_proc_agrees_with_this_process);
}
