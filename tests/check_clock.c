/* check_clock: the wall clock as text, and intervals that are never negative. */
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
	TEST(now_never_goes_back);
}
