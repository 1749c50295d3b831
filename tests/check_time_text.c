/* check_time_text: points in time, as people and as vigild write them. */
#include "base/time_text.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "suite.h"

static void setup(void)
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
}

static void teardown(void)
{
}

START_TEST(times_of_vigild_are_utc)
{
	ck_assert(time_text_utc("1970-01-01T00:00:01Z") == 1);
	ck_assert(time_text_utc("2026-01-31T12:34:56.500Z") == 1769862896.5);
	ck_assert(isnan(time_text_utc("2026-01-31T12:34:56")));
	ck_assert(isnan(time_text_utc("2026-01-31")));
	ck_assert(isnan(time_text_utc("")));
	ck_assert(time_text_parse("2026-01-31T12:34:56.500Z") == 1769862896.5);
}
END_TEST

START_TEST(people_write_local_times)
{
	ck_assert(time_text_parse("2026-01-31 13:34:56") == 1769862896);
	ck_assert(time_text_parse("2026-01-31 13:34") == 1769862840);
	ck_assert(time_text_parse("2026-01-31") == 1769814000);
	ck_assert(time_text_parse("2026-07-31") == 1785448800);
	ck_assert(isnan(time_text_parse("2026-01-31 ")));
	ck_assert(isnan(time_text_parse("2026-13-31")));
	ck_assert(isnan(time_text_parse("yesterday")));
	ck_assert(isnan(time_text_parse("")));
	ck_assert(isnan(time_text_parse("-2h")));
}
END_TEST

START_TEST(a_duration_is_before_now)
{
	double now = clock_seconds(CLOCK_REALTIME), then = time_text_parse("2h");

	ck_assert(then >= now - 7200 && then <= now - 7200 + 60);
}
END_TEST

START_TEST(a_time_of_day_is_today)
{
	double then = time_text_parse("00:00"), now = clock_seconds(CLOCK_REALTIME);

	/* a day may have 25 hours, and midnight may pass between the two */
	ck_assert(then <= now && then > now - 25 * 3600 - 60);
	ck_assert(isnan(time_text_parse("24:61")));
}
END_TEST

SUITE("time_text", setup, teardown)
{
	TEST(times_of_vigild_are_utc);
	TEST(people_write_local_times);
	TEST(a_duration_is_before_now);
	TEST(a_time_of_day_is_today);
}
