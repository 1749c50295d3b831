/*
 * check_attempt: what became of a restart, and the setbacks, the backoff and the burst limit that
 * follow from it.
 */
#include "fake_vigil.h"
#include "modules/policy/attempt.h"
#include "suite.h"

#define PLACE "place/recent"

/* fake_vigil.h reads the defaults of options from it. */
const vigil_module vigil_module_descriptor;

static const struct rules rules = {.backoff = 5, .backoff_max = 60, .healthy_after = 10};
static const struct tests none = {.proven = true}, pass = {.any = true, .proven = true},
			  fail = {.any = true, .sick = true};
static struct attempt attempt;
static struct recent recent;

static void setup(void)
{
	fake_begin();
	attempt = (struct attempt){.began = fake.now};
	memset(&recent, 0, sizeof(recent));
	recent_open(&recent, &fake.daemon, PLACE, rules.backoff_max);
}

static void teardown(void)
{
	json_decref(attempt.refusal);
	attempt.refusal = NULL;
	fake_end();
}

static vigil_service_reply reply_of(vigil_service_status status)
{
	return (vigil_service_reply){
		.size = sizeof(vigil_service_reply), .status = status, .text = ""};
}

static enum outcome worked(vigil_service_status status, const struct tests *tests)
{
	const vigil_service_reply r = reply_of(status);

	return attempt_worked(&attempt, &recent, &r, tests);
}

static enum outcome evaluate(vigil_service_status status, const struct tests *tests, double since)
{
	const vigil_service_reply r = reply_of(status);

	return attempt_evaluate(&rules, &attempt, &recent, &r, tests, since);
}

static double backoff(void)
{
	return recent.next_try - fake.now;
}

START_TEST(each_restart_that_does_not_help_doubles_the_backoff)
{
	static const double delays[] = {5, 10, 20, 40, 60, 60};

	for (size_t i = 0; i < COUNT(delays); i++) {
		ck_assert_int_eq(worked(VIGIL_SERVICE_RUNNING, &none), OUTCOME_STARTED);
		fake_pass(1);
		ck_assert_int_eq(evaluate(VIGIL_SERVICE_FAILED, &none, fake.now), OUTCOME_NONE);
		ck_assert_double_eq(backoff(), delays[i]);
		ck_assert_uint_eq(recent.setbacks, i + 1);
	}
	ck_assert_uint_eq(recent.recoveries.count, COUNT(delays));
}
END_TEST

START_TEST(a_restart_has_helped_if_the_service_ran_for_healthy_after)
{
	worked(VIGIL_SERVICE_RUNNING, &none);
	fake_pass(rules.healthy_after);
	evaluate(VIGIL_SERVICE_FAILED, &none, fake.now);
	ck_assert_uint_eq(recent.setbacks, 0);
	ck_assert_double_eq(recent.next_try, 0);
}
END_TEST

START_TEST(with_tests_it_must_pass_them_for_that_time)
{
	double since = fake.now;

	worked(VIGIL_SERVICE_RUNNING, &fail);
	fake_pass(100);
	evaluate(VIGIL_SERVICE_RUNNING, &fail, since);
	ck_assert_uint_eq(recent.setbacks, 1);
	worked(VIGIL_SERVICE_RUNNING, &pass);
	evaluate(VIGIL_SERVICE_RUNNING, &pass, since);
	fake_pass(rules.healthy_after);
	evaluate(VIGIL_SERVICE_RUNNING, &fail, since);
	ck_assert_uint_eq(recent.setbacks, 1);
}
END_TEST

START_TEST(after_backoff_max_without_a_problem_the_setbacks_are_forgotten)
{
	double since = fake.now;

	attempt_step_back(&rules, &recent);
	worked(VIGIL_SERVICE_RUNNING, &none);
	fake_pass(rules.backoff_max - 1);
	evaluate(VIGIL_SERVICE_RUNNING, &none, since);
	ck_assert_uint_eq(recent.setbacks, 1);
	fake_pass(1);
	evaluate(VIGIL_SERVICE_RUNNING, &none, since);
	ck_assert_uint_eq(recent.setbacks, 0);
	/* The same if something else has started it. */
	attempt_step_back(&rules, &recent);
	since = fake.now;
	fake_pass(rules.backoff_max);
	evaluate(VIGIL_SERVICE_RUNNING, &none, since);
	ck_assert_uint_eq(recent.setbacks, 0);
	ck_assert_double_eq(recent.next_try, 0);
}
END_TEST

START_TEST(a_restart_that_is_in_progress_is_evaluated_when_it_ends)
{
	vigil_service_reply late;
	vigil_service_reply r = reply_of(VIGIL_SERVICE_FAILED);

	ck_assert_int_eq(worked(VIGIL_SERVICE_STARTING, &none), OUTCOME_NONE);
	ck_assert(attempt.starting);
	ck_assert_int_eq(evaluate(VIGIL_SERVICE_STARTING, &none, fake.now), OUTCOME_NONE);
	ck_assert_int_eq(evaluate(VIGIL_SERVICE_FAILED, &none, fake.now), OUTCOME_FAILED);
	late = attempt_late_reply(&r);
	ck_assert_int_eq(late.fault, VIGIL_FAULT_FAILED);
	ck_assert_str_eq(late.text, "its manager could not start it");
	attempt_failed(&rules, &attempt, &recent, &late);
	ck_assert(!attempt.starting);
	ck_assert_double_eq(backoff(), rules.backoff);
	worked(VIGIL_SERVICE_STARTING, &none);
	ck_assert_int_eq(evaluate(VIGIL_SERVICE_RUNNING, &none, fake.now), OUTCOME_STARTED);
}
END_TEST

START_TEST(an_unknown_status_decides_nothing)
{
	worked(VIGIL_SERVICE_STARTING, &none);
	ck_assert_int_eq(evaluate(VIGIL_SERVICE_UNKNOWN, &none, fake.now), OUTCOME_NONE);
	ck_assert(attempt.starting);
	ck_assert_uint_eq(recent.setbacks, 0);
}
END_TEST

START_TEST(a_refusal_is_new_only_once_and_no_setback)
{
	vigil_service_reply r = reply_of(VIGIL_SERVICE_FAILED);

	r.fault = VIGIL_FAULT_REFUSED;
	r.refusal = VIGIL_REFUSAL_RATE;
	r.text = "restart_rate is reached";
	ck_assert(attempt_refused(&attempt, &r));
	ck_assert(!attempt_refused(&attempt, &r));
	ck_assert(attempt.ends && !attempt.deliberate);
	r.refusal = VIGIL_REFUSAL_DENY;
	r.text = "denied";
	ck_assert(attempt_refused(&attempt, &r));
	ck_assert(!attempt.ends && !attempt.deliberate);
	r.refusal = VIGIL_REFUSAL_STATE;
	r.text = r.hold = "the unit is masked";
	ck_assert(attempt_refused(&attempt, &r));
	ck_assert(!attempt.ends && attempt.deliberate);
	ck_assert_uint_eq(recent.setbacks, 0);
	ck_assert_double_eq(recent.next_try, 0);
}
END_TEST

START_TEST(the_burst_limit_ends_when_the_oldest_restart_leaves_the_window)
{
	double first = fake.now;

	for (int i = 0; i < 3; i++) {
		ck_assert_double_eq(recent_burst_free(&recent, 3, 600), 0);
		recent_add(&recent, &recent.restarts, fake.now);
		fake_pass(1);
	}
	ck_assert_double_eq(recent_burst_free(&recent, 3, 600), first + 600);
	ck_assert_double_eq(recent_burst_free(&recent, 0, 600), 0); /* 0 is no limit */
}
END_TEST

START_TEST(a_record_is_read_again_by_the_next_daemon_and_forgotten_by_another_service)
{
	recent_add(&recent, &recent.restarts, fake.now - 2);
	attempt_step_back(&rules, &recent);
	recent_open(&recent, &fake.daemon, PLACE, rules.backoff_max);
	ck_assert_uint_eq(recent.restarts.count, 1);
	ck_assert_uint_eq(recent.setbacks, 1);
	ck_assert_double_eq_tol(backoff(), 5, 0.5);
	recent_open(&recent, &fake.daemon, "place/other", rules.backoff_max);
	ck_assert_uint_eq(recent.restarts.count, 0);
	ck_assert_uint_eq(recent.setbacks, 0);
}
END_TEST

SUITE("attempt", setup, teardown)
{
	TEST(each_restart_that_does_not_help_doubles_the_backoff);
	TEST(a_restart_has_helped_if_the_service_ran_for_healthy_after);
	TEST(with_tests_it_must_pass_them_for_that_time);
	TEST(after_backoff_max_without_a_problem_the_setbacks_are_forgotten);
	TEST(a_restart_that_is_in_progress_is_evaluated_when_it_ends);
	TEST(an_unknown_status_decides_nothing);
	TEST(a_refusal_is_new_only_once_and_no_setback);
	TEST(the_burst_limit_ends_when_the_oldest_restart_leaves_the_window);
	TEST(a_record_is_read_again_by_the_next_daemon_and_forgotten_by_another_service);
}
