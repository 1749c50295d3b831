/* check_calendar_times: points in time, with the cases of time zones and of daylight saving time,
 * and with a clock that is set. */
#include "base/calendar.h"

#include <errno.h>
#include <string.h>

#include "suite.h"

#define BERLIN    "CET-1CEST,M3.5.0,M10.5.0/3"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define SAO_PAULO "<-03>3<-02>,M11.1.0/0,M2.3.0/0" /* the clocks change at midnight */

static void set_zone(const char *zone)
{
	ck_assert_int_eq(setenv("TZ", zone, 1), 0);
}

/* Reads a time in UTC. */
static time_t utc(const char *text)
{
	struct tm tm = {0};

	ck_assert_ptr_nonnull(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
	return timegm(&tm);
}

static const char *shown(char text[32], time_t when)
{
	struct tm tm;

	strftime(text, 32, "%Y-%m-%d %H:%M:%S", gmtime_r(&when, &tm));
	return text;
}

static struct calendar_times *read_times(const char *text)
{
	struct calendar_times *times;
	char why[CALENDAR_WHY] = "";

	ck_assert_msg(calendar_parse_times(&times, text, why) == 0, "%s: %s", text, why);
	return times;
}

/* --- the points after a time, in UTC ---------------------------------------------------------- */

static const struct {
	const char *zone, *times, *when, *next[4]; /* NULL: the test of this row ends */
} rows[] = {
	/* 2026-11-30 is a Monday */
	{"UTC0", "Mon..Fri 08:00", "2026-11-27 07:59:59",
		{"2026-11-27 08:00:00", "2026-11-30 08:00:00", "2026-12-01 08:00:00"}},
	{"UTC0", "08:00:30", "2026-11-30 08:00:30", {"2026-12-01 08:00:30"}},
	{"UTC0", "Mon", "2026-11-30 00:00:00", {"2026-12-07 00:00:00"}},
	{"UTC0", "*-*-01 03:00", "2026-11-30 12:00:00",
		{"2026-12-01 03:00:00", "2027-01-01 03:00:00", "2027-02-01 03:00:00"}},
	{"UTC0", "Mon *-*-01..*-*-07 09:00", "2026-11-30 12:00:00",
		{"2026-12-07 09:00:00", "2027-01-04 09:00:00"}},
	{"UTC0", "2026-12-24", "2026-11-30 12:00:00", {"2026-12-24 00:00:00", "never"}},
	{"UTC0", "Mon *-02-29 01:00", "2026-11-30 12:00:00", {"2044-02-29 01:00:00"}},
	{"UTC0", "Sat *-02-29 01:00", "2076-02-29 01:00:00", {"2116-02-29 01:00:00"}},
	{"UTC0", "*-*-* 03:00", "2026-11-30 12:00:00", {"2026-12-01 03:00:00"}},
	{"UTC0", "Fri..Mon 23:59:59", "2026-11-30 23:59:58",
		{"2026-11-30 23:59:59", "2026-12-04 23:59:59"}},
	{"UTC0", "03:00, 12:30, Sun 12:30", "2026-11-29 04:00:00",
		{"2026-11-29 12:30:00", "2026-11-30 03:00:00", "2026-11-30 12:30:00"}},
	{"UTC0", "*:0/15", "2026-11-30 23:31:00",
		{"2026-11-30 23:45:00", "2026-12-01 00:00:00", "2026-12-01 00:15:00"}},
	{"UTC0", "*:*/20", "2026-11-30 23:31:00", {"2026-11-30 23:40:00", "2026-12-01 00:00:00"}},
	{"UTC0", "*:5/20:30", "2026-11-30 23:31:00",
		{"2026-11-30 23:45:30", "2026-12-01 00:05:30"}},
	{"UTC0", "*:*:0/10", "2026-11-30 23:59:45", {"2026-11-30 23:59:50", "2026-12-01 00:00:00"}},
	{"UTC0", "8..17:30", "2026-11-30 16:31:00",
		{"2026-11-30 17:30:00", "2026-12-01 08:30:00", "2026-12-01 09:30:00"}},
	{"UTC0", "8..17/4:00", "2026-11-30 12:00:00",
		{"2026-11-30 16:00:00", "2026-12-01 08:00:00"}},
	{"UTC0", "0/6:00", "2026-11-30 13:00:00", {"2026-11-30 18:00:00", "2026-12-01 00:00:00"}},
	{"UTC0", "23/6:00", "2026-11-30 13:00:00", {"2026-11-30 23:00:00", "2026-12-01 23:00:00"}},

	/* words */
	{"UTC0", "minutely", "2026-11-30 13:01:59", {"2026-11-30 13:02:00", "2026-11-30 13:03:00"}},
	{"UTC0", "hourly", "2026-11-30 23:01:00", {"2026-12-01 00:00:00", "2026-12-01 01:00:00"}},
	{"UTC0", "daily", "2026-11-30 23:01:00", {"2026-12-01 00:00:00", "2026-12-02 00:00:00"}},
	{"UTC0", "weekly", "2026-11-30 23:01:00", {"2026-12-07 00:00:00", "2026-12-14 00:00:00"}},
	{"UTC0", "monthly", "2026-11-30 23:01:00", {"2026-12-01 00:00:00", "2027-01-01 00:00:00"}},
	{"UTC0", " yearly , Mon 12:00", "2026-12-28 23:01:00",
		{"2027-01-01 00:00:00", "2027-01-04 12:00:00"}},

	/* the clocks of Berlin skip 02:00 to 03:00 on 2026-03-29: a point in between comes at
	 * 03:00, which is 01:00 in UTC */
	{BERLIN, "02:30", "2026-03-28 12:00:00", {"2026-03-29 01:00:00", "2026-03-30 00:30:00"}},
	{BERLIN, "02:00, 02:30, 03:00", "2026-03-28 12:00:00",
		{"2026-03-29 01:00:00", "2026-03-30 00:00:00", "2026-03-30 00:30:00"}},
	{BERLIN, "03:00", "2026-03-28 12:00:00", {"2026-03-29 01:00:00", "2026-03-30 01:00:00"}},
	{BERLIN, "01..04:30", "2026-03-28 23:00:00",
		{"2026-03-29 00:30:00", "2026-03-29 01:00:00", "2026-03-29 01:30:00",
			"2026-03-29 02:30:00"}},
	{BERLIN, "*:30", "2026-03-29 00:00:00",
		{"2026-03-29 00:30:00", "2026-03-29 01:30:00", "2026-03-29 02:30:00"}},
	{BERLIN, "hourly", "2026-03-28 23:30:00",
		{"2026-03-29 00:00:00", "2026-03-29 01:00:00", "2026-03-29 02:00:00"}},

	/* they repeat 02:00 to 03:00 on 2026-10-25: a point in between comes at the first time */
	{BERLIN, "02:30", "2026-10-24 12:00:00", {"2026-10-25 00:30:00", "2026-10-26 01:30:00"}},
	{BERLIN, "02:30", "2026-10-25 01:00:00", {"2026-10-26 01:30:00"}},
	{BERLIN, "02:00, 03:00", "2026-10-24 12:00:00",
		{"2026-10-25 00:00:00", "2026-10-25 02:00:00", "2026-10-26 01:00:00"}},
	{BERLIN, "1..4:45", "2026-10-24 23:00:00",
		{"2026-10-24 23:45:00", "2026-10-25 00:45:00", "2026-10-25 02:45:00",
			"2026-10-25 03:45:00"}},
	/* but each hour that passes has a point of every hour */
	{BERLIN, "*:30", "2026-10-25 00:00:00",
		{"2026-10-25 00:30:00", "2026-10-25 01:30:00", "2026-10-25 02:30:00"}},
	{BERLIN, "hourly", "2026-10-24 23:30:00",
		{"2026-10-25 00:00:00", "2026-10-25 01:00:00", "2026-10-25 02:00:00"}},
	{BERLIN, "daily", "2026-10-24 12:00:00", {"2026-10-24 22:00:00", "2026-10-25 23:00:00"}},
	{BERLIN, "Sun *:00", "2026-10-25 21:30:00", {"2026-10-25 22:00:00", "2026-10-31 23:00:00"}},
	{BERLIN, "*-01-01 *:59", "2026-06-15 12:00:00", {"2026-12-31 23:59:00"}},
	{BERLIN, "*-07-01 *:59", "2026-11-15 12:00:00", {"2027-06-30 22:59:00"}},

	/* half an hour, at 02:00: skipped on 2026-10-04, and repeated from 01:30 on 2026-04-05 */
	{LORD_HOWE, "02:15", "2026-10-03 12:00:00", {"2026-10-03 15:30:00", "2026-10-04 15:15:00"}},
	{LORD_HOWE, "01:45", "2026-04-04 12:00:00", {"2026-04-04 14:45:00", "2026-04-05 15:15:00"}},
	{LORD_HOWE, "*:45", "2026-04-04 14:00:00",
		{"2026-04-04 14:45:00", "2026-04-04 15:15:00", "2026-04-04 16:15:00"}},

	/* midnight does not exist on 2018-11-04, and the last hour of 2018-02-17 is repeated */
	{SAO_PAULO, "daily", "2018-11-03 12:00:00", {"2018-11-04 03:00:00", "2018-11-05 02:00:00"}},
	{SAO_PAULO, "Sun", "2018-11-03 12:00:00", {"2018-11-04 03:00:00"}},
	{SAO_PAULO, "Sat 23:30", "2018-02-17 12:00:00",
		{"2018-02-18 01:30:00", "2018-02-25 02:30:00"}},
	{SAO_PAULO, "Sat *:30", "2018-02-18 00:45:00",
		{"2018-02-18 01:30:00", "2018-02-18 02:30:00", "2018-02-24 03:30:00"}},
};

/* Whether a time_t can hold the first point; it ends in 2038 where it has 32 bits. */
static bool is_possible(int row)
{
	return sizeof(time_t) > 4 || atoi(rows[row].next[0]) < 2038;
}

START_TEST(the_next_points_are_found)
{
	struct calendar_times *times;
	time_t when;
	char text[32];

	if (!is_possible(_i))
		return;
	times = read_times(rows[_i].times);
	when = utc(rows[_i].when);
	set_zone(rows[_i].zone);
	for (size_t i = 0; i < COUNT(rows[_i].next) && rows[_i].next[i] != NULL; i++) {
		bool found = calendar_next_time(times, when, 0, &when);

		ck_assert_msg(strcmp(found ? shown(text, when) : "never", rows[_i].next[i]) == 0,
			"%s in %s: point %zu is %s and not %s", rows[_i].times, rows[_i].zone, i,
			found ? text : "never", rows[_i].next[i]);
	}
	free(times);
}
END_TEST

/* Whatever the zone does, the search from each time in between must find the same point. */
START_TEST(the_search_does_not_depend_on_where_it_begins)
{
	struct calendar_times *times;
	time_t from, expected, found, near;
	char a[32], b[32];

	if (!is_possible(_i))
		return;
	times = read_times(rows[_i].times);
	from = utc(rows[_i].when);
	set_zone(rows[_i].zone);
	ck_assert(calendar_next_time(times, from, 0, &expected));
	for (int k = 0; k < 3 && calendar_next_time(times, from, 0, &expected); k++) {
		for (int i = 0; i < 60; i++) {
			near = from + (time_t)((int64_t)(expected - 1 - from) * i / 59);
			ck_assert(calendar_next_time(times, near, 0, &found));
			ck_assert_msg(found == expected, "%s in %s: after %s: %s", rows[_i].times,
				rows[_i].zone, shown(a, near), shown(b, found));
		}
		from = expected;
	}
	free(times);
}
END_TEST

/* --- a clock that is watched ------------------------------------------------------------------ */

static const struct {
	const char *zone, *begin; /* three days around a step of the clock */
} watched[] = {
	{BERLIN, "2026-03-28 00:00:00"},
	{BERLIN, "2026-10-24 00:00:00"},
	{LORD_HOWE, "2026-10-02 00:00:00"},
	{LORD_HOWE, "2026-04-03 00:00:00"},
	{SAO_PAULO, "2018-11-03 00:00:00"},
	{SAO_PAULO, "2018-02-17 00:00:00"},
};

static const struct {
	const char *times;
	bool every_hour;
} watched_times[] = {
	{"02:30", false},
	{"02:00, 02:15, 03:00", false},
	{"0..5:20", false},
	{"Sun", false},
	{"Sat 23:45, 00:30", false},
	{"0/6:00", false},
	{"0/3:0/10", false},
	{"hourly", true},
	{"*:0/15", true},
	{"Sun *:59", true},
};

#define MINUTES (3 * 24 * 60)
#define AROUND  (26 * 60) /* the difference of local time and UTC is less */

/* Marks the minutes after `begin` whose time of day is a point, as in a zone without steps. */
static void mark_walls(const struct calendar_times *times, time_t begin, bool *walls)
{
	time_t next;

	set_zone("UTC0");
	memset(walls, 0, MINUTES + 2 * AROUND);
	for (next = begin - 1; calendar_next_time(times, next, 0, &next) &&
			       next < begin + (MINUTES + 2 * AROUND) * 60;)
		walls[(next - begin) / 60] = true;
}

static long wall_of(time_t when, time_t begin)
{
	struct tm tm;

	localtime_r(&when, &tm);
	return (when + tm.tm_gmtoff - begin) / 60;
}

/* Looks at the clock each minute: does a point come that it has not shown before, or, for points of
 * every hour, is its time one? */
START_TEST(the_search_agrees_with_a_clock_that_is_watched)
{
	static bool walls[MINUTES + 2 * AROUND];
	struct calendar_times *times = read_times(watched_times[_i].times);

	for (size_t z = 0; z < COUNT(watched); z++) {
		time_t from = utc(watched[z].begin), begin = from - AROUND * 60, next = from - 1;
		long latest, wall;

		mark_walls(times, begin, walls);
		set_zone(watched[z].zone);
		tzset();
		latest = wall_of(from - 60, begin);
		for (time_t when = from; when < from + MINUTES * 60; when += 60) {
			bool expected = false;

			if (next < when)
				ck_assert(calendar_next_time(times, next, 0, &next));
			wall = wall_of(when, begin);
			if (watched_times[_i].every_hour)
				expected = walls[wall];
			for (; latest < wall; latest++)
				expected |= !watched_times[_i].every_hour && walls[latest + 1];
			ck_assert_msg((next == when) == expected, "%s in %s at %ld",
				watched_times[_i].times, watched[z].zone, (long)when);
		}
	}
	free(times);
}
END_TEST

/* --- a clock that is set back ----------------------------------------------------------------- */

static const struct {
	const char *times, *now, *done, *next;
} set_back[] = {
	{"08:00", "2026-11-30 07:00:00", "2026-11-30 08:00:00", "2026-12-01 08:00:00"},
	{"08:00", "2026-11-29 08:00:00", "2026-11-30 08:00:00", "2026-12-01 08:00:00"},
	{"08:00", "2026-11-29 07:59:59", "2026-11-30 08:00:00", "2026-11-29 08:00:00"},
	{"08:00", "1999-11-30 12:00:00", "2026-11-30 08:00:00", "1999-12-01 08:00:00"},
	{"0/6:00", "2026-11-30 05:00:00", "2026-11-30 12:00:00", "2026-11-30 18:00:00"},
	{"*:0/15", "2026-11-30 07:00:00", "2026-11-30 08:00:00", "2026-11-30 08:15:00"},
	{"*:0/15", "2026-11-30 06:59:59", "2026-11-30 08:00:00", "2026-11-30 07:00:00"},
	{"*:0/15", "2026-11-30 08:20:00", "2026-11-30 08:15:00", "2026-11-30 08:30:00"},
	/* each element by itself */
	{"08:00, *:15", "2026-11-30 06:00:00", "2026-11-30 08:00:00", "2026-11-30 06:15:00"},
};

START_TEST(a_clock_that_is_set_back_repeats_no_point)
{
	struct calendar_times *times = read_times(set_back[_i].times);
	time_t found;
	char text[32];

	set_zone("UTC0");
	ck_assert(calendar_next_time(times, utc(set_back[_i].now), utc(set_back[_i].done), &found));
	ck_assert_str_eq(shown(text, found), set_back[_i].next);
	free(times);
}
END_TEST

/* --- errors ----------------------------------------------------------------------------------- */

static const struct {
	const char *text, *why;
} errors[] = {
	{"fortnightly", "\"fortnightly\" is not a weekday or a range such as Mon..Fri; the words "
			"minutely, hourly, daily, weekly, monthly and yearly stand alone"},
	{"daily 03:00",
		"\"daily\" is not a weekday or a range such as Mon..Fri; the words minutely, "
		"hourly, daily, weekly, monthly and yearly stand alone"},
	{"08:00-18:00", "\"08:00-18:00\" is a window; write points in time, such as 08:00"},
	{"24:00", "\"24:00\" is not a time of the day such as 08:00"},
	{"08:60", "is not a time of the day"},
	{"08:00:60", "is not a time of the day"},
	{"08:", "is not a time of the day"},
	{":15", "is not a time of the day"},
	{"*:0/0", "is not a time of the day"},
	{"*:0/", "is not a time of the day"},
	{"*:00..30", "is not a time of the day"},
	{"17..8:00", "is not a time of the day"},
	{"08:00:00:00", "is not a time of the day"},
	{"08:00x", "is not a time of the day"},
	{"*:0/15/2", "is not a time of the day"},
	{"12-24", "\"12-24\" is not a date such as 2026-12-24"},
	{"*-02-30", "is not a date"},
	{"08:00 09:00", "has times twice, the second time at \"09:00\""},
	{"08:00 UTC", "\"UTC\" is not a weekday"},
	{"08:00,", "has an empty element; remove the extra comma"},
	{"", "has an empty element"},
	{"Sat,Sun 10:00",
		"the weekdays before \"Sun 10:00\" have no times, and each element needs its "
		"own; for midnight, write 00:00"},
	{"Mon "
	 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"is too long for a point in time"},
};

START_TEST(an_error_names_its_place)
{
	struct calendar_times *times;
	char why[CALENDAR_WHY] = "";

	ck_assert_int_eq(calendar_parse_times(&times, errors[_i].text, why), -EINVAL);
	ck_assert_ptr_null(times);
	ck_assert_msg(strstr(why, errors[_i].why) != NULL, "%s: %s", errors[_i].text, why);
}
END_TEST

START_TEST(times_are_equal_by_their_meaning)
{
	struct calendar_times *a = read_times("hourly, Sat"), *b = read_times("*:0,sat 00:00:00"),
			      *c = read_times("*:00, Sun"), *d = calendar_copy_times(c);

	ck_assert(calendar_equal_times(a, b));
	ck_assert(!calendar_equal_times(a, c));
	ck_assert(calendar_equal_times(c, d));
	free(a);
	free(b);
	free(c);
	free(d);
}
END_TEST

SUITE("calendar_times", NULL, NULL)
{
	LOOP_TEST(the_next_points_are_found, COUNT(rows));
	LOOP_TEST(the_search_does_not_depend_on_where_it_begins, COUNT(rows));
	LOOP_TEST(the_search_agrees_with_a_clock_that_is_watched, COUNT(watched_times));
	LOOP_TEST(a_clock_that_is_set_back_repeats_no_point, COUNT(set_back));
	LOOP_TEST(an_error_names_its_place, COUNT(errors));
	TEST(times_are_equal_by_their_meaning);
}
