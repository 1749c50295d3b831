/* check_files_alarm: how long a line or a change is a problem. */
#include "modules/files/alarm.h"

#include "suite.h"

START_TEST(one_event_is_a_problem_for_its_time)
{
	struct alarm alarm;

	alarm_init(&alarm, 1, 60);
	ck_assert(!alarm_is_raised(&alarm, 1000));
	alarm_add(&alarm, 1, 1000);
	ck_assert(alarm_is_raised(&alarm, 1000));
	ck_assert(alarm_is_raised(&alarm, 1059));
	ck_assert(!alarm_is_raised(&alarm, 1060));
	alarm_add(&alarm, 1, 1100);
	ck_assert(alarm_is_raised(&alarm, 1159));
	ck_assert_int_eq(alarm.total, 2);
	ck_assert_double_eq(alarm_last(&alarm), 1100);
}
END_TEST

START_TEST(several_events_must_be_near_each_other)
{
	struct alarm alarm;

	alarm_init(&alarm, 3, 60);
	alarm_add(&alarm, 2, 1000);
	ck_assert(!alarm_is_raised(&alarm, 1000));
	alarm_add(&alarm, 1, 1059);
	ck_assert(alarm_is_raised(&alarm, 1059));
	ck_assert(!alarm_is_raised(&alarm, 1060));
	alarm_add(&alarm, 1000000, 1200);
	ck_assert(alarm_is_raised(&alarm, 1259));
	ck_assert_uint_eq(alarm.count, 3);
	ck_assert_int_eq(alarm.total, 1000003);
}
END_TEST

START_TEST(an_alarm_survives_a_restart_and_steps_of_the_clock)
{
	struct alarm alarm, again;
	json_t *kept;

	alarm_init(&alarm, 2, 60);
	alarm_add(&alarm, 5, 1000);
	kept = alarm_json(&alarm);
	alarm_init(&again, 2, 60);
	alarm_read(&again, kept);
	json_decref(kept);
	ck_assert_int_eq(again.total, 5);
	ck_assert(alarm_is_raised(&again, 1059));
	ck_assert(alarm_is_raised(&again, 500)); /* the clock was set back */
	ck_assert(alarm_is_raised(&again, 559));
	ck_assert(!alarm_is_raised(&again, 560));
}
END_TEST

START_TEST(kept_values_that_are_not_valid_are_ignored)
{
	static const char *const texts[] = {
		"{}", "[]", "7", "{\"times\":7,\"total\":\"x\"}", "{\"times\":[\"x\",null,{}]}"};
	struct alarm alarm;

	alarm_init(&alarm, 1, 60);
	alarm_read(&alarm, NULL);
	for (size_t i = 0; i < COUNT(texts); i++) {
		json_t *kept = json_loads(texts[i], JSON_DECODE_ANY, NULL);

		alarm_read(&alarm, kept);
		json_decref(kept);
		ck_assert_uint_eq(alarm.count, 0);
		ck_assert_int_eq(alarm.total, 0);
	}
}
END_TEST

SUITE("files_alarm", NULL, NULL)
{
	TEST(one_event_is_a_problem_for_its_time);
	TEST(several_events_must_be_near_each_other);
	TEST(an_alarm_survives_a_restart_and_steps_of_the_clock);
	TEST(kept_values_that_are_not_valid_are_ignored);
}
