/*
 * suite: the main function of a test file, which ends with the list of its tests:
 *
 *     SUITE("memory", setup, teardown)
 *     {
 *             TEST(no_allocation_returns_null);
 *             LOOP_TEST(each_row_is_parsed, COUNT(rows));
 *     }
 *
 * setup and teardown run in the process of each test; each of them may be NULL. The block is the
 * body of a function that runs before the tests. It may use any statement, and other functions of
 * the library check with the argument `tcase`.
 */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE(name, setup, teardown)                                  \
	static void suite_tests(TCase *tcase);                        \
	int main(void)                                                \
	{                                                             \
		return suite_run(name, setup, teardown, suite_tests); \
	}                                                             \
	static void suite_tests(TCase *tcase)

#define TEST(test)              SUITE_ADD(test, tcase_add_test(tcase, test))
#define LOOP_TEST(test, count)  SUITE_ADD(test, tcase_add_loop_test(tcase, test, 0, count)) /* _i */
#define EXIT_TEST(test, status) SUITE_ADD(test, tcase_add_exit_test(tcase, test, status))
#define TIMEOUT(seconds)        tcase_set_timeout(tcase, seconds) /* of each test; default 60 */

#define SUITE_ADD(test, add)                  \
	do {                                  \
		if (!suite_leaves_out(#test)) \
			add;                  \
	} while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A test of very many cases makes one of so many of them.  VIGIL_SAMPLE: the number, for machines
 * that are slow, such as emulated ones; default 1. */
__attribute__((unused)) static unsigned suite_sample(void)
{
	const char *text = getenv("VIGIL_SAMPLE");
	int number = text != NULL ? atoi(text) : 1;

	return number > 1 ? (unsigned)number : 1;
}

/* VIGIL_LEFT_OUT has the tests that cannot run here, such as " check_spawn:a_test check_ini:b_test ". */
static bool suite_leaves_out(const char *test)
{
	const char *list = getenv("VIGIL_LEFT_OUT");
	char name[256];

	snprintf(name, sizeof(name), " %s:%s ", program_invocation_short_name, test);
	return list != NULL && strstr(list, name) != NULL;
}

static int suite_run(const char *name, void (*set_up)(void), void (*tear_down)(void),
	void (*add_tests)(TCase *tcase))
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Ends the program as a skipped test, with the reason `missing`. */
__attribute__((unused, noreturn)) static void suite_skip(const char *missing)
{
	printf("SKIP: %s\n", missing);
	exit(77);
}

#endif
