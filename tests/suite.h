/* suite: the frame around the tests of one file. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stdlib.h>

/* Each test of it runs between setup and teardown. */
__attribute__((unused)) static TCase *suite_begin(
	const char *name, void (*on_setup)(void), void (*on_teardown)(void))
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, on_setup, on_teardown);
	tcase_set_timeout(tcase, 60);
	return tcase;
}

/* Runs them: what main returns. */
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
