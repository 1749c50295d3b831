/*
 * check_api_report: a daemon's health, events and errors are valid text, are announced when they
 * change, and are bounded.
 */
#include <vigil/vigil.h>

#include "fixture_daemon.h"

static char told[8][128];
static unsigned told_count;

static void on_told(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	ck_assert_uint_lt(told_count, 8);
	ck_assert_str_eq(pointer, "/runs/test/health");
	snprintf(told[told_count++], sizeof(told[0]), "%s %s",
		json_string_value(json_object_get(value, "level")),
		json_string_value(json_object_get(value, "text")));
}

START_TEST(health_is_announced_when_it_changes)
{
	char since[32];

	told_count = 0;
	ck_assert_ptr_nonnull(state_watch(environment.state, "/runs/test/health", on_told, NULL));
	vigil_health(d, VIGIL_OK, "%d of %d", 1, 2);
	vigil_health(d, VIGIL_OK, "1 of 2");
	ck_assert_uint_eq(told_count, 1);
	ck_assert_str_eq(told[0], "OK 1 of 2");
	snprintf(since, sizeof(since), "%s", health_text(d, "since"));
	usleep(2000);
	vigil_health(d, VIGIL_OK, "2 of 2"); /* another text is not another level */
	ck_assert_str_eq(health_text(d, "since"), since);
	vigil_health(d, VIGIL_CRITICAL, "2 of 2");
	ck_assert_str_ne(health_text(d, "since"), since);
	vigil_health(d, (vigil_health_level)77, "what");
	vigil_health(d, (vigil_health_level)-1, "what");
	ck_assert_uint_eq(told_count, 4);
	ck_assert_str_eq(told[3], "UNKNOWN what");
	/* after a restart the daemon has no health */
	daemon_stop(d);
	daemon_start(d);
	ck_assert_ptr_null(strstr(health_text(d, "text"), "what"));
}
END_TEST

START_TEST(all_reports_are_valid_text)
{
	char longer[2000], one[DAEMON_TEXT];

	memset(longer, 'x', sizeof(longer));
	for (size_t i = 1; i + 2 < sizeof(longer); i += 2)
		memcpy(longer + i, "\xc3\xa4", 2);
	longer[sizeof(longer) - 1] = '\0';
	vigil_health(d, VIGIL_OK, "%s", longer);
	ck_assert_uint_gt(strlen(health_text(d, "text")), 200);
	vigil_health(d, VIGIL_OK, "a\n\x1b[31m\xff");
	ck_assert_str_eq(health_text(d, "text"), "a\\n\\x1B[31m\\xFF");
	vigil_error(d, "%s\n", longer);
	ck_assert_uint_gt(strlen(account_text(d, "last_error")), 200);
	vigil_event(d, "%s", longer);
	vigil_event(d, "\xc3");
	vigil_log(d, VIGIL_WARN, "one\ntwo %s", "\x07");
	ck_assert_uint_eq(log_holds("test: one\\ntwo \\x07"), 1);
	ck_assert_str_eq(vigil_sanitize(one, sizeof(one), "\r\n"), "\\r\\n");
	ck_assert_uint_lt(strlen(vigil_sanitize(one, 8, longer)), 8);
}
END_TEST

/* Returns the line of the history at the index, the oldest first; "": there is none. */
static const char *line(size_t index)
{
	static char text[512];
	json_t *account = daemon_account(d);
	json_t *event = json_array_get(json_object_get(account, "history"), index);

	text[0] = '\0';
	if (event != NULL) {
		ck_assert_uint_eq(strlen(json_string_value(json_object_get(event, "time"))), 24);
		snprintf(text, sizeof(text), "%s",
			json_string_value(json_object_get(event, "text")));
	}
	json_decref(account);
	return text;
}

START_TEST(the_history_has_the_last_64_events)
{
	ck_assert_str_eq(line(0), "");
	for (int i = 0; i < 10; i++)
		vigil_event(d, "event %d", i);
	ck_assert_str_eq(line(0), "event 0");
	ck_assert_str_eq(line(9), "event 9");
	ck_assert_str_eq(line(10), "");
	for (int i = 10; i < 300; i++)
		vigil_event(d, "event %d", i);
	ck_assert_str_eq(line(0), "event 236");
	ck_assert_str_eq(line(63), "event 299");
	ck_assert_str_eq(line(64), "");
	daemon_stop(d);
	ck_assert_str_eq(line(63), "event 299"); /* the history outlives the stop */
}
END_TEST

START_TEST(an_event_that_repeats_has_one_line)
{
	uint32_t number = 0;

	vigil_event(d, "before");
	vigil_event_repeat(d, &number, "failed %d times", 1);
	vigil_event(d, "between");
	vigil_event_repeat(d, &number, "failed %d times", 2);
	vigil_event_repeat(d, &number, "failed %d times, and this text is longer", 3);
	ck_assert_str_eq(line(0), "before");
	ck_assert_str_eq(line(1), "failed 3 times, and this text is longer");
	ck_assert_str_eq(line(2), "between");
	ck_assert_str_eq(line(3), "");
	for (int i = 0; i < 64; i++)
		vigil_event(d, "event %d", i);
	vigil_event_repeat(d, &number, "failed %d times", 4); /* dropped from the history */
	ck_assert_str_eq(line(63), "failed 4 times");
	vigil_event_repeat(d, &number, "failed %d times", 5);
	ck_assert_str_eq(line(63), "failed 5 times");
	ck_assert_str_eq(line(62), "event 63");
	number = 0;
	vigil_event_repeat(d, &number, "another");
	ck_assert_str_eq(line(62), "failed 5 times");
	ck_assert_str_eq(line(63), "another");
	ck_assert_str_eq(line(64), "");
}
END_TEST

/* Ten thousand healthy daemons must not use memory for reports that they do not make. */
START_TEST(a_daemon_without_reports_uses_no_memory_for_them)
{
	ck_assert_uint_lt(sizeof(*d), 512);
	ck_assert_ptr_null(d->history);
	ck_assert_ptr_null(d->reason);
	ck_assert_ptr_null(d->paused_reason);
	ck_assert_ptr_null(d->health.text);
	ck_assert_ptr_null(d->counts.last_error);
	vigil_event(d, "event");
	ck_assert_ptr_nonnull(d->history);
}
END_TEST

START_TEST(errors_are_counted_and_logged)
{
	ck_assert_int_eq(account_number(d, "errors"), 0);
	ck_assert_str_eq(account_text(d, "last_error"), "");
	vigil_error(d, "first");
	vigil_error(d, "disk is %d %% full", 99);
	ck_assert_int_eq(account_number(d, "errors"), 2);
	ck_assert_str_eq(account_text(d, "last_error"), "disk is 99 % full");
	ck_assert_uint_eq(log_holds("test: disk is 99 % full"), 1);
}
END_TEST

START_TEST(vigil_fail_after_the_start_is_only_logged)
{
	ck_assert_int_eq(vigil_fail(d, "too %s", "late"), -EINVAL);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(daemon_status(d), DAEMON_RUNNING);
	ck_assert_str_eq(daemon_reason(d), "");
	ck_assert_uint_eq(log_holds("test: too late"), 1);
}
END_TEST

START_TEST(changes_of_the_level_are_in_the_history)
{
	vigil_health(d, VIGIL_OK, "well");
	ck_assert_str_eq(line(0), "");
	vigil_health(d, VIGIL_OK, "very well");
	vigil_health(d, VIGIL_CRITICAL, "bad");
	ck_assert_str_eq(line(0), "CRITICAL (was OK): bad");
	vigil_health(d, VIGIL_CRITICAL, "worse");
	ck_assert_str_eq(line(1), "");
	vigil_health_long(d, VIGIL_OK, 0, "well again", NULL);
	ck_assert_str_eq(line(1), "OK (was CRITICAL): well again");
	daemon_stop(d);
	ck_assert_int_eq(daemon_start(d), 0);
	vigil_health(d, VIGIL_WARNING, "from the start");
	ck_assert_str_eq(line(2), "WARNING at first: from the start");
}
END_TEST

START_TEST(a_level_that_changes_often_does_not_fill_the_history)
{
	for (int i = 0; i < 200; i++)
		vigil_health(d, i % 2 == 0 ? VIGIL_WARNING : VIGIL_OK, "%d", i);
	ck_assert_str_eq(line(7), "OK (was WARNING): 7");
	ck_assert_str_eq(line(8), "OK (was WARNING, change 200 in 10 min): 199");
	ck_assert_str_eq(line(9), "");
}
END_TEST

SUITE("api_report", up, down)
{
	TEST(health_is_announced_when_it_changes);
	TEST(all_reports_are_valid_text);
	TEST(changes_of_the_level_are_in_the_history);
	TEST(a_level_that_changes_often_does_not_fill_the_history);
	TEST(the_history_has_the_last_64_events);
	TEST(an_event_that_repeats_has_one_line);
	TEST(a_daemon_without_reports_uses_no_memory_for_them);
	TEST(errors_are_counted_and_logged);
	TEST(vigil_fail_after_the_start_is_only_logged);
}
