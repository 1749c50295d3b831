/* decide: every rule of the service module, one look at a time. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "modules/service/decide.h"

/* A row: what is seen, the rules where they are not the usual, and what follows. */
static const struct row {
	const char *name;
	struct facts facts;
	struct rules rules;
	bool restart;
	double wait;
	const char *words;
} rows[] = {
	{"running", {.status = VIGIL_SERVICE_RUNNING}, {0}, false, 0, "running: nothing to do"},
	{"running, but unwell", {.status = VIGIL_SERVICE_RUNNING, .unwell = "its probe failed"},
		{0}, true, 0, "running, but its probe failed: restarting"},
	{"unwell, but paused",
		{.status = VIGIL_SERVICE_RUNNING, .unwell = "its probe failed", .paused = true},
		{0}, false, 0, "running, but paused: left alone"},
	{"unwell, backing off",
		{.status = VIGIL_SERVICE_RUNNING, .unwell = "x", .now = 1, .next_try = 3}, {0},
		false, 2, "running: backing off until the next try"},
	{"another first", {.status = VIGIL_SERVICE_FAILED, .before = "db"}, {0}, false, 0,
		"failed: waiting for db to run first"},
	{"absent", {.status = VIGIL_SERVICE_ABSENT}, {0}, false, 0, "not installed: nothing to do"},
	{"unknown", {.status = VIGIL_SERVICE_UNKNOWN}, {0}, false, 0,
		"unknown: no reason to restart"},
	{"stopped", {.status = VIGIL_SERVICE_STOPPED}, {0}, true, 0, "stopped: restarting"},
	{"failed", {.status = VIGIL_SERVICE_FAILED}, {0}, true, 0, "failed: restarting"},
	{"under way", {.status = VIGIL_SERVICE_FAILED, .under_way = true}, {0}, false, 0,
		"a restart is under way"},
	{"paused", {.status = VIGIL_SERVICE_FAILED, .paused = true}, {0}, false, 0,
		"failed, but paused: left alone"},
	{"stopped, on failed", {.status = VIGIL_SERVICE_STOPPED}, {.restart_on = RESTART_ON_FAILED},
		false, 0, "stopped cleanly: left alone, as restart_on = failed says"},
	{"failed, on failed", {.status = VIGIL_SERVICE_FAILED}, {.restart_on = RESTART_ON_FAILED},
		true, 0, "failed: restarting"},
	{"failed, never", {.status = VIGIL_SERVICE_FAILED}, {.restart_on = RESTART_NEVER}, false, 0,
		"failed: would be restarted, but restart_on = never"},
	{"backing off", {.status = VIGIL_SERVICE_FAILED, .now = 100, .next_try = 107.5}, {0}, false,
		7.5, "failed: backing off until the next try"},
	{"backed off", {.status = VIGIL_SERVICE_FAILED, .now = 100, .next_try = 100}, {0}, true, 0,
		"failed: restarting"},
	{"burst used up", {.status = VIGIL_SERVICE_FAILED, .now = 100, .burst_free = 160},
		{.burst = 3, .burst_window = 600}, false, 60,
		"failed: gave up after 3 restarts in 600 s, until the next try"},
	{"starting", {.status = VIGIL_SERVICE_STARTING, .now = 100, .since = 80}, {.settle = 90},
		false, 0, "starting: work in progress, given 90 s to settle"},
	{"stuck", {.status = VIGIL_SERVICE_STARTING, .now = 171, .since = 80}, {.settle = 90}, true,
		0, "starting for over 90 s: restarting"},
	{"stuck, never", {.status = VIGIL_SERVICE_STOPPING, .now = 171, .since = 80},
		{.settle = 90, .restart_on = RESTART_NEVER}, false, 0,
		"stopping: would be restarted, but restart_on = never"},
	{"stuck, backing off",
		{.status = VIGIL_SERVICE_RELOADING, .now = 171, .since = 80, .next_try = 181},
		{.settle = 90}, false, 10, "reloading: backing off until the next try"},
};

#define ROWS (int)(sizeof(rows) / sizeof(*rows))

START_TEST(every_rule)
{
	const struct row *row = &rows[_i];
	struct decision decision;

	decide(&row->rules, &row->facts, &decision);
	ck_assert_msg(decision.restart == row->restart, "%s", row->name);
	ck_assert_double_eq(decision.wait, row->wait);
	ck_assert_str_eq(decision.words, row->words);
}
END_TEST

START_TEST(work_in_progress_is_looked_at_soon_and_then_less_often)
{
	const struct rules rules = {.settle = 90};
	struct facts facts = {.status = VIGIL_SERVICE_STARTING, .since = 80};
	struct decision decision;
	unsigned looks = 0;

	for (facts.now = facts.since; facts.now < facts.since + rules.settle; looks++) {
		decide(&rules, &facts, &decision);
		ck_assert(!decision.restart);
		ck_assert_double_gt(decision.look, 0);
		/* what became of it is known within twice the time that it took */
		ck_assert_double_le(decision.look, fmax(0.05, facts.now - facts.since));
		facts.now += decision.look;
	}
	ck_assert_double_eq(facts.now, facts.since + rules.settle);
	ck_assert_uint_lt(looks, 20);
	decide(&rules, &facts, &decision);
	ck_assert(decision.restart);

	ck_assert_double_gt(decide_look(VIGIL_SERVICE_STOPPING, 0), 0);
	ck_assert_double_eq(decide_look(VIGIL_SERVICE_RELOADING, 7), 7);
	ck_assert_double_eq(decide_look(VIGIL_SERVICE_RUNNING, 7), 0);
	ck_assert_double_eq(decide_look(VIGIL_SERVICE_FAILED, 7), 0);
}
END_TEST

START_TEST(backoff_doubles_up_to_its_cap)
{
	static const double expected[] = {0, 5, 10, 20, 40, 80, 160, 300, 300};

	for (unsigned i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		ck_assert_double_eq(backoff_delay(5, 300, i), expected[i]);
	ck_assert_double_eq(backoff_delay(5, 300, 4000000000u), 300);
	ck_assert_double_eq(backoff_delay(0, 300, 7), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decide");
	TCase *tcase = tcase_create("decide");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, every_rule, 0, ROWS);
	tcase_add_test(tcase, work_in_progress_is_looked_at_soon_and_then_less_often);
	tcase_add_test(tcase, backoff_doubles_up_to_its_cap);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
