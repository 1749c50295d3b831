/* check_cpu_count: the CPU quota of a control group. */
#include "process/cpu_count.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

START_TEST(a_quota_is_rounded_up)
{
	static const struct {
		const char *text;
		unsigned count;
	} rows[] = {
		{"100000 100000\n", 1},
		{"100001 100000\n", 2},
		{"1000 100000\n", 1},
		{"0 100000\n", 1},
		{"700000 100000\n", 7},
		{"900000 100000\n", 8},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_uint_eq(cpu_count_quota(rows[i].text, 8), rows[i].count);
}
END_TEST

/* The sum of quota and period must not overflow, because a machine with no CPU would have no
 * workers. */
START_TEST(an_invalid_quota_is_no_limit)
{
	static const char *const texts[] = {"max 100000\n", "", "\n", "100000\n", "100000 0\n",
		"-1 100000\n", "18446744073709551615 100000\n", "99999999999999999999999 7\n",
		"18446744073709551615 18446744073709551\n"};

	for (size_t i = 0; i < COUNT(texts); i++)
		ck_assert_msg(cpu_count_quota(texts[i], 8) == 8, "%s", texts[i]);
}
END_TEST

START_TEST(this_machine_has_at_least_one_cpu)
{
	ck_assert_uint_ge(cpu_count(), 1);
}
END_TEST

SUITE("cpu_count", NULL, NULL)
{
	TEST(a_quota_is_rounded_up);
	TEST(an_invalid_quota_is_no_limit);
	TEST(this_machine_has_at_least_one_cpu);
}
