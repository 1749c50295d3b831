/* check_cpu_count: the quota of a control group. */
#include "process/cpu_count.h"

#include <check.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

/* The sum of quota and period must not wrap around: a machine with no processor has no workers. */
START_TEST(what_is_no_quota_limits_nothing)
{
	static const char *const texts[] = {"max 100000\n", "", "\n", "100000\n", "100000 0\n",
		"-1 100000\n", "18446744073709551615 100000\n", "99999999999999999999999 7\n",
		"18446744073709551615 18446744073709551\n"};

	for (size_t i = 0; i < COUNT(texts); i++)
		ck_assert_msg(cpu_count_quota(texts[i], 8) == 8, "%s", texts[i]);
}
END_TEST

START_TEST(this_machine_has_a_processor)
{
	ck_assert_uint_ge(cpu_count(), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cpu_count");
	TCase *tcase = tcase_create("cpu_count");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_quota_is_rounded_up);
	tcase_add_test(tcase, what_is_no_quota_limits_nothing);
	tcase_add_test(tcase, this_machine_has_a_processor);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
