/* check_watch: which addresses notify means, and which changes are news. */
#include "modules/notify/notify.h"

#include <check.h>
#include <stdlib.h>

/* Nobody is told here. */
void send_change(struct send *send, json_t *change)
{
	json_decref(change);
}

START_TEST(a_star_is_one_step)
{
	static const struct {
		const char *pattern, *pointer;
		bool meant;
	} rows[] = {
		{"/runs/*/health", "/runs/a/health", true},
		{"/runs/*/health", "/runs/a.b@c/health/text", true},
		{"/runs/*/health", "/runs/a", false},
		{"/runs/*/health", "/runs/a/status", false},
		{"/runs/*/health", "/runs/a/healthy", false},
		{"/runs/*/health", "/runs/a/b/health", false},
		{"/runs", "/runs", true},
		{"/runs", "/runs/a", true},
		{"/runs", "/runsa", false},
		{"/runs", "", false},
		{"/a~1b/c", "/a~1b/c/d", true},
		{"/a/**", "/a/x", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ck_assert_msg(watch_matches(rows[i].pattern, rows[i].pointer) == rows[i].meant,
			"%s %s", rows[i].pattern, rows[i].pointer);
}
END_TEST

START_TEST(news_is_what_is_wanted)
{
	static const char *const any[] = {NULL}, *const ok[] = {"OK", NULL},
				 *const bad[] = {"WARNING", "CRIT*", NULL},
				 *const gone[] = {"absent", NULL};

	ck_assert(watch_wants(any, any, "OK", "CRITICAL"));
	ck_assert(watch_wants(ok, bad, "OK", "CRITICAL"));
	ck_assert(!watch_wants(ok, bad, "UNKNOWN", "CRITICAL"));
	ck_assert(!watch_wants(any, bad, "CRITICAL", "OK"));
	/* that a daemon starts or stops is news to those who ask for it */
	ck_assert(!watch_wants(any, any, "absent", "OK"));
	ck_assert(!watch_wants(any, any, "OK", "absent"));
	ck_assert(watch_wants(any, bad, "absent", "CRITICAL"));
	ck_assert(!watch_wants(any, bad, "absent", "OK"));
	ck_assert(watch_wants(any, gone, "OK", "absent"));
	ck_assert(watch_wants(gone, any, "absent", "OK"));
	ck_assert(!watch_wants(gone, any, "OK", "CRITICAL"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tcase = tcase_create("watch");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_star_is_one_step);
	tcase_add_test(tcase, news_is_what_is_wanted);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
