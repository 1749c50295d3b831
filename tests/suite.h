/* suite: creates and runs the test suite of one file. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stdlib.h>

/* Creates a test case. Each of its tests runs between on_setup and on_teardown. */
__attribute__((unused)) static TCase *suite_begin(
	const char *name, void (*on_setup)(void), void (*on_teardown)(void))
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, on_setup, on_teardown);
	tcase_set_timeout(tcase, 60);
	return tcase;
}

/* Runs the tests and returns the exit status for main. */
__attribute__((unused)) static int suite_end(const char *name, TCase *tcase)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
