/*
 * check_conditions: a service that is restarted because of a number, with a fake service, a fake
 * clock and a fake state.
 */
#include "fixture_service_module.h"

#define DEPTH "/daemons/queue/perfdata/depth"

static void set(json_int_t number)
{
	fake_change(DEPTH, json_pack("{s:I,s:s}", "value", number, "unit", ""));
}

static void source_is(const char *daemon_status)
{
	fake_change("/runs/queue/status", json_string(daemon_status));
}

static void start_with(const char *conditions)
{
	fake_option("restart_when", conditions);
	fake_option("interval", "5");
	source_is("running");
	set(0);
	start();
	STATUS(RUNNING, .pid = 7);
	health_is(VIGIL_OK, "web is running, pid 7");
}

/* Lets time pass in checks of the interval, in which the service runs with the same process. */
static void pass(double seconds, pid_t pid)
{
	for (double end = fake.now + seconds; fake.now < end - 0.001;) {
		fake_pass(end - fake.now < 5 ? end - fake.now : 5);
		if (fake.service.on_status != NULL)
			STATUS(RUNNING, .pid = pid);
	}
}

static json_t *shown(const char *key)
{
	json_t *list = json_object_get(fake.state, "service_state/conditions");

	return json_object_get(json_array_get(list, 0), key);
}

START_TEST(a_number_that_stays_over_its_limit_restarts_the_service)
{
	start_with(DEPTH " > 1000 for 3m");
	set(1204);
	ck_assert(fake.service.on_status == NULL); /* a change alone causes no check */
	pass(40, 7);
	health_is(VIGIL_WARNING,
		"web is running, but " DEPTH " is 1204, over 1000 for 40 s of 3 min");
	set(1300); /* another number that is over the limit does not start the time again */
	pass(139, 7);
	ck_assert(!is_issued());
	pass(1.5, 7); /* the timer ends between two checks */
	ck_assert(is_issued());
	ck_assert(fake_said(
		"decision: running, but " DEPTH " is 1300, over 1000 for 3 min: restarting"));
	ck_assert_str_eq(text("service_state/decision"),
		"running, but " DEPTH " is 1300, over 1000 for 3 min: restarting");
	stop();
}
END_TEST

/* The number does not fall, so the restart did not help, and the backoff applies. */
START_TEST(after_a_restart_the_condition_must_hold_for_its_whole_duration_again)
{
	fake_option("backoff", "100");
	start_with(DEPTH " > 1000 for 1m");
	set(1204);
	pass(61, 7);
	ck_assert(is_issued());
	RESTARTED(RUNNING, .pid = 8);
	pass(59, 8);
	ck_assert(!is_issued());
	ck_assert_int_eq(fake.level, VIGIL_WARNING);
	pass(2, 8);
	ck_assert(!is_issued());
	ck_assert_msg(strstr(fake.health, "1 restart lately did not help for long; the next "
					  "restart waits for the backoff") != NULL,
		"%s", fake.health);
	pass(100, 8);
	ck_assert(is_issued());
	stop();
}
END_TEST

/* It was well for longer than healthy_after before it had the same problem again. */
START_TEST(a_restart_that_helped_for_a_while_is_no_setback)
{
	start_with(DEPTH " > 1000 for 1m");
	set(1204);
	pass(61, 7);
	set(3);
	RESTARTED(RUNNING, .pid = 8);
	pass(30, 8);
	health_is(VIGIL_OK, "web is running, pid 8");
	set(1204);
	pass(61, 8);
	ck_assert(is_issued());
	ck_assert(strstr(fake.health, "did not help") == NULL);
	stop();
}
END_TEST

START_TEST(a_number_that_falls_in_time_is_no_reason)
{
	start_with(DEPTH " > 1000 for 1m");
	for (int i = 0; i < 20; i++) {
		set(1204);
		pass(50, 7);
		set(1000); /* not over it */
		pass(5, 7);
	}
	ck_assert(!is_issued());
	health_is(VIGIL_OK, "web is running, pid 7");
	/* all times are in one line of the history */
	ck_assert(fake_said("condition began to hold: " DEPTH " is 1204, over 1000 (20 times)"));
	ck_assert_uint_le(fake.event_count, 4);
	stop();
}
END_TEST

START_TEST(without_a_duration_the_next_check_restarts_it)
{
	start_with(DEPTH " > 1000");
	set(1204);
	ck_assert(!is_issued());
	pass(5, 7);
	ck_assert(is_issued());
	ck_assert(fake_said("decision: running, but " DEPTH " is 1204, over 1000: restarting"));
	stop();
}
END_TEST

static void unknown(const char *why)
{
	char words[256];

	pass(10, 7);
	snprintf(words, sizeof(words),
		"web is running, but its condition on " DEPTH " cannot be judged: %s", why);
	health_is(VIGIL_UNKNOWN, words);
	ck_assert_str_eq(json_string_value(shown("result")), "unknown");
	ck_assert_str_eq(json_string_value(shown("why")), why);
	ck_assert_ptr_null(shown("value"));
	pass(120, 7);
	ck_assert(!is_issued());
}

/* After each of them the time starts from 0, also if the number was over its limit all the time. */
static void known_again(void)
{
	pass(55, 7);
	ck_assert_int_eq(fake.level, VIGIL_WARNING);
	ck_assert(!is_issued());
}

START_TEST(a_number_that_is_not_known_is_no_reason)
{
	start_with(DEPTH " > 1000 for 1m");
	set(1204);
	pass(55, 7);
	fake_change("/daemons/queue/stale", json_true());
	unknown("the number is stale");
	fake_change("/daemons/queue/stale", NULL);
	known_again();
	fake_change(DEPTH, NULL);
	unknown("there is no value");
	set(1204);
	known_again();
	fake_change(DEPTH, json_string("many"));
	unknown("the value is not a number");
	set(1204);
	known_again();
	source_is("paused");
	unknown("the daemon queue is paused");
	source_is("running");
	known_again();
	source_is("failed");
	unknown("the daemon queue is failed");
	fake_change("/runs/queue/status", NULL);
	unknown("the daemon queue is not running");
	source_is("running");
	known_again();
	pass(6, 7);
	ck_assert(is_issued());
	stop();
}
END_TEST

/* As after a start of vigild, and when the daemon that has the number is started again. */
START_TEST(a_number_that_is_missing_for_a_moment_is_not_reported)
{
	start_with(DEPTH " > 1000 for 1m");
	fake.event_count = 0;
	fake_change(DEPTH, NULL);
	pass(5, 7);
	set(12);
	pass(5, 7);
	health_is(VIGIL_OK, "web is running, pid 7");
	ck_assert_uint_eq(fake.event_count, 0);
	fake_change(DEPTH, NULL);
	pass(10, 7);
	ck_assert_int_eq(fake.level, VIGIL_UNKNOWN);
	ck_assert(fake_said(
		"condition cannot be judged: " DEPTH " > 1000 for 1m: there is no value"));
	stop();
}
END_TEST

START_TEST(a_service_that_does_not_run_has_no_conditions)
{
	start_with(DEPTH " > 1000 for 1m");
	set(1204);
	pass(55, 7);
	STATUS(STOPPED);
	ck_assert(is_issued());
	RESTARTED(RUNNING, .pid = 8);
	pass(55, 8);
	ck_assert(!is_issued());
	/* its manager starts it again */
	STATUS(RUNNING, .pid = 9);
	pass(55, 9);
	ck_assert(!is_issued());
	/* an unknown status is no end of the run */
	fake_pass(4);
	STATUS(.status = VIGIL_SERVICE_UNKNOWN, .text = "no answer");
	pass(6, 9);
	ck_assert_msg(strstr(fake.health, "waits for the backoff") != NULL, "%s", fake.health);
	pass(6, 9);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(restarts_by_conditions_are_withheld_like_others)
{
	fake_option("restart_on", "never");
	start_with(DEPTH " > 1000");
	set(1204);
	pass(5, 7);
	ck_assert(!is_issued());
	health_is(VIGIL_CRITICAL,
		"web is running, but " DEPTH
		" is 1204, over 1000; it is not restarted, because restart_on = never");
	set(1);
	pass(5, 7);
	health_is(VIGIL_OK, "web is running, pid 7");
	stop();
}
END_TEST

START_TEST(a_pause_withholds_the_restart_and_not_the_judgement)
{
	start_with(DEPTH " > 1000 for 1m");
	fake.paused = true;
	set(1204);
	pass(90, 7);
	ck_assert(!is_issued());
	fake.paused = false;
	pass(5, 7);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(one_of_several_conditions_is_enough)
{
	start_with(DEPTH " > 5000 for 1m, " DEPTH " < 0 for 10m");
	set(-1);
	pass(30, 7);
	health_is(VIGIL_WARNING, "web is running, but " DEPTH " is -1, below 0 for 30 s of 10 min");
	pass(571, 7);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(a_number_of_the_daemon_itself_may_be_the_reason)
{
	fake_change("/daemons/web/service_state/probe/seconds", json_real(3.5));
	fake_option("restart_when", "/daemons/web/service_state/probe/seconds > 2s for 1m");
	fake_option("interval", "5");
	start();
	STATUS(RUNNING, .pid = 7);
	pass(61, 7);
	ck_assert(is_issued());
	stop();
}
END_TEST

/* The admin gets the outcome when the service runs, not when the number is well again. */
START_TEST(an_admin_does_not_wait_for_conditions)
{
	start_with(DEPTH " > 1000 for 1m");
	set(1204);
	ck_assert_int_eq(fake_verb("restart"), VIGIL_VERB_STARTED);
	RESTARTED(RUNNING, .pid = 8);
	STATUS(RUNNING, .pid = 8);
	ck_assert_str_eq(fake.done, "restart 0 running, pid 8;");
	stop();
}
END_TEST

START_TEST(the_state_has_each_condition_with_its_present_value)
{
	start_with(DEPTH " > 1000 for 1m");
	set(12);
	ck_assert_str_eq(json_string_value(shown("condition")), DEPTH " > 1000 for 1m");
	ck_assert_str_eq(json_string_value(shown("result")), "false");
	ck_assert_double_eq(json_number_value(shown("value")), 12);
	set(1204);
	ck_assert_str_eq(json_string_value(shown("result")), "true");
	stop();
}
END_TEST

SUITE("conditions", fake_begin, fake_end)
{
	TEST(a_number_that_stays_over_its_limit_restarts_the_service);
	TEST(after_a_restart_the_condition_must_hold_for_its_whole_duration_again);
	TEST(a_restart_that_helped_for_a_while_is_no_setback);
	TEST(a_number_that_falls_in_time_is_no_reason);
	TEST(without_a_duration_the_next_check_restarts_it);
	TEST(a_number_that_is_not_known_is_no_reason);
	TEST(a_number_that_is_missing_for_a_moment_is_not_reported);
	TEST(a_service_that_does_not_run_has_no_conditions);
	TEST(restarts_by_conditions_are_withheld_like_others);
	TEST(a_pause_withholds_the_restart_and_not_the_judgement);
	TEST(one_of_several_conditions_is_enough);
	TEST(a_number_of_the_daemon_itself_may_be_the_reason);
	TEST(an_admin_does_not_wait_for_conditions);
	TEST(the_state_has_each_condition_with_its_present_value);
}
