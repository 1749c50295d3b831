/* check_clock: the wall clock as text, and intervals that are never negative. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "suite.h"

START_TEST(wall_times_are_rfc_3339)
{
	char text[CLOCK_TEXT];

	ck_assert_str_eq(clock_text_at(text, (struct timespec){0, 0}), "1970-01-01T00:00:00.000Z");
	ck_assert_str_eq(clock_text_at(text, (struct timespec){1772324159, 999999999}),
		"2026-03-01T00:15:59.999Z");
	if (sizeof(time_t) > 4)
		ck_assert_str_eq(
			clock_text_at(text, (struct timespec){(time_t)253402300799LL, 1000000}),
			"9999-12-31T23:59:59.001Z");
	ck_assert_uint_eq(strlen(clock_text(text)), 24);
}
END_TEST

START_TEST(seconds_and_nanoseconds)
{
	ck_assert_uint_eq(clock_from_seconds(1.5), 1500000000u);
	ck_assert_uint_eq(clock_from_seconds(0), 0);
	ck_assert_uint_eq(clock_from_seconds(-3), 0);
	ck_assert_double_eq(clock_to_seconds(250 * CLOCK_MS), 0.25);
}
END_TEST

START_TEST(seconds_that_a_time_cannot_hold_become_its_first_or_last_one)
{
	const bool wide = sizeof(time_t) > 4;
	const time_t first = wide ? (time_t)CLOCK_TEXT_FIRST : INT32_MIN;
	const time_t last = wide ? (time_t)CLOCK_TEXT_LAST : INT32_MAX;
	char text[CLOCK_TEXT];

	ck_assert_int_eq(clock_to_time(1772324159.999), 1772324159);
	ck_assert_int_eq(clock_to_time(-0.25), -1);
	ck_assert_int_eq(clock_to_time(2147483648.0), wide ? (time_t)2147483648 : last);
	ck_assert_int_eq(clock_to_time(1e300), last);
	ck_assert_int_eq(clock_to_time((double)INFINITY), last);
	ck_assert_int_eq(clock_to_time(-1e300), first);
	ck_assert_int_eq(clock_to_time((double)NAN), 0);
	ck_assert_str_eq(clock_text_of(text, 1772324159.75), "2026-03-01T00:15:59.750Z");
	ck_assert_str_eq(clock_text_of(text, -0.25), "1969-12-31T23:59:59.750Z");
	ck_assert_str_eq(clock_text_of(text, 1e300),
		wide ? "9999-12-31T23:59:59.000Z" : "2038-01-19T03:14:07.000Z");
}
END_TEST

START_TEST(now_never_goes_back)
{
	uint64_t before = clock_now(), now;

	for (unsigned i = 0; i < 100000; i++) {
		now = clock_now();
		ck_assert_uint_ge(now, before);
		before = now;
	}
}
END_TEST

SUITE("clock", NULL, NULL)
{
	TEST(wall_times_are_rfc_3339);
	TEST(seconds_and_nanoseconds);
	TEST(seconds_that_a_time_cannot_hold_become_its_first_or_last_one);
	TEST(now_never_goes_back);
}
