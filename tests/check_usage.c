/* check_usage: the CPU time, memory and start of a process, from /proc/PID/stat. */
#include "modules/service/usage.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

#define LINE(ticks, started, pages)                                                      \
	"7 (a) b) S 1 7 7 0 -1 4 1 2 3 4 " ticks " 9 8 20 0 1 0 " started " 4096 " pages \
	" 18446744073709551615\n"

START_TEST(a_line_of_the_kernel_is_parsed)
{
	struct usage_stat stat;

	ck_assert(usage_parse(LINE("100 23", "4711", "2"), &stat));
	ck_assert_int_eq(stat.ticks, 123);
	ck_assert_int_eq(stat.started, 4711);
	ck_assert_int_eq(stat.memory, 2 * sysconf(_SC_PAGESIZE));
	ck_assert(usage_parse(LINE("9223372036854775807 0", "0", "0"), &stat));
	ck_assert(stat.ticks == INT64_MAX);
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
	static const char *const lines[] = {LINE("-1 23", "4711", "2"), LINE("1 -23", "4711", "2"),
		LINE("1 2", "-1", "2"), LINE("1 2", "4711", "-2"),
		LINE("1 2", "4711", "9223372036854775807"),
		LINE("9223372036854775807 1", "4711", "2"),
		LINE("1 2", "99999999999999999999999", "99999999999999999999999"), "7 (a", "", ")",
		"7 (a) S 1 7"};
	struct usage_stat stat;

	for (size_t i = 0; i < COUNT(lines); i++)
		ck_assert_msg(!usage_parse(lines[i], &stat), "%s", lines[i]);
}
END_TEST

START_TEST(this_process_uses_memory_and_does_not_get_younger)
{
	struct usage usage = {0};
	double age = usage_age(getpid());

	usage_measure(&usage, getpid(), 1);
	ck_assert_int_gt(usage.memory, 0);
	ck_assert(age >= 0 && usage_age(getpid()) >= age);
	ck_assert(usage_age(0) == 0);
}
END_TEST

SUITE("usage", NULL, NULL)
{
	TEST(a_line_of_the_kernel_is_parsed);
	TEST(numbers_out_of_range_are_refused);
	TEST(this_process_uses_memory_and_does_not_get_younger);
}
