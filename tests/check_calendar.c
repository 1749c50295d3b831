/* check_calendar: windows of time, with the cases of time zones and of daylight saving time. */
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

	ck_assert_int_eq(sscanf(text, "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
				 &tm.tm_hour, &tm.tm_min, &tm.tm_sec),
		6);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return timegm(&tm);
}

static struct calendar *read_calendar(const char *text)
{
	struct calendar *calendar;
	char why[CALENDAR_WHY] = "";

	ck_assert_msg(calendar_parse(&calendar, text, why) == 0, "%s: %s", text, why);
	return calendar;
}

/* --- what is inside a window ------------------------------------------------------------------ */

static const struct {
	const char *zone, *windows, *when;
	bool inside;
} contained[] = {
	/* 2026-11-30 is a Monday */
	{"UTC0", "Mon..Fri 08:00-18:00", "2026-11-30 07:59:59", false},
	{"UTC0", "Mon..Fri 08:00-18:00", "2026-11-30 08:00:00", true},
	{"UTC0", "Mon..Fri 08:00-18:00", "2026-11-30 17:59:59", true},
	{"UTC0", "Mon..Fri 08:00-18:00", "2026-11-30 18:00:00", false},
	{"UTC0", "Mon..Fri 08:00-18:00", "2026-11-29 12:00:00", false},
	{"UTC0", "monday..FRIDAY 8:00-18:00", "2026-11-30 08:00:00", true},
	{"UTC0", "Tue", "2026-11-30 12:00:00", false},
	{"UTC0", "Mon", "2026-11-30 23:59:59", true},
	{"UTC0", "Fri..Mon", "2026-11-29 12:00:00", true},
	{"UTC0", "Fri..Mon", "2026-12-01 00:00:00", false},
	{"UTC0", "Mon..Sun", "2026-12-01 00:00:00", true},
	{"UTC0", "08:00:30-08:00:31", "2026-11-30 08:00:30", true},
	{"UTC0", "08:00:30-08:00:31", "2026-11-30 08:00:31", false},
	{"UTC0", "Mon 10:00-11:00, Mon 12:00-13:00, Wed", "2026-11-30 12:30:00", true},
	{"UTC0", "Mon 10:00-11:00,Mon 12:00-13:00", "2026-11-30 11:30:00", false},

	/* over midnight: the window belongs to the day on which it begins */
	{"UTC0", "Mon 22:00-06:00", "2026-11-30 05:00:00", false},
	{"UTC0", "Mon 22:00-06:00", "2026-11-30 22:00:00", true},
	{"UTC0", "Mon 22:00-06:00", "2026-12-01 05:59:59", true},
	{"UTC0", "Mon 22:00-06:00", "2026-12-01 06:00:00", false},
	{"UTC0", "Mon 22:00-06:00", "2026-12-01 22:00:00", false},
	{"UTC0", "2026-12-31 22:00-06:00", "2027-01-01 05:00:00", true},
	{"UTC0", "22:00-00:00", "2026-12-01 00:00:00", false},
	{"UTC0", "22:00-00:00", "2026-12-01 23:59:59", true},
	{"UTC0", "Mon 00:00-24:00", "2026-11-30 23:59:59", true},
	{"UTC0", "Mon 00:00-24:00", "2026-12-01 00:00:00", false},

	/* dates */
	{"UTC0", "*-12-24", "2030-12-24 12:00:00", true},
	{"UTC0", "*-12-24", "2030-12-25 00:00:00", false},
	{"UTC0", "*-*-01", "2026-12-01 00:00:00", true},
	{"UTC0", "*-*-01", "2026-12-02 00:00:00", false},
	{"UTC0", "2026-12-24..2026-12-26", "2026-12-26 23:59:59", true},
	{"UTC0", "2026-12-24..2026-12-26", "2026-12-27 00:00:00", false},
	{"UTC0", "2026-12-24..2026-12-26", "2027-12-25 00:00:00", false},
	{"UTC0", "2026-12-30..2027-01-02", "2027-01-01 00:00:00", true},
	{"UTC0", "*-12-24..*-01-06", "2027-01-06 12:00:00", true},
	{"UTC0", "*-12-24..*-01-06", "2027-01-07 00:00:00", false},
	{"UTC0", "*-*-28..*-*-03", "2026-12-03 12:00:00", true},
	{"UTC0", "*-*-28..*-*-03", "2026-12-04 12:00:00", false},
	{"UTC0", "*-11-*..*-02-*", "2027-02-28 12:00:00", true},
	{"UTC0", "Mon *-*-01..*-*-07 09:00-10:00", "2026-12-07 09:30:00", true},
	{"UTC0", "Mon *-*-01..*-*-07 09:00-10:00", "2026-12-14 09:30:00", false},
	{"UTC0", "*-02-29", "2028-02-29 12:00:00", true},
	{"UTC0", "*-02-29", "2027-03-01 12:00:00", false},
	{"UTC0", "*-02-28 22:00-06:00", "2028-02-29 05:00:00", true},
	{"UTC0", "*-02-29 22:00-06:00", "2028-03-01 05:00:00", true},
	{"UTC0", "*-02-28 22:00-06:00", "2027-03-01 05:00:00", true},

	/* the date, the weekday and the time are those of the time zone */
	{BERLIN, "Mon 00:00-01:00", "2026-11-29 23:30:00", true},
	{BERLIN, "Mon 00:00-01:00", "2026-11-30 00:30:00", false},
};

START_TEST(each_time_is_inside_or_outside)
{
	struct calendar *calendar;

	set_zone(contained[_i].zone);
	calendar = read_calendar(contained[_i].windows);
	ck_assert_msg(calendar_contains(calendar, utc(contained[_i].when)) == contained[_i].inside,
		"%s at %s UTC in %s", contained[_i].windows, contained[_i].when,
		contained[_i].zone);
	free(calendar);
}
END_TEST

/* --- daylight saving time --------------------------------------------------------------------- */

/* Each row says for how many seconds of a span of 48 hours the time is inside the window. */
static const struct {
	const char *zone, *window, *from;
	int seconds;
} spans[] = {
	/* Berlin skips 02:00 to 03:00 on 2026-03-29, and repeats it on 2026-10-25 */
	{BERLIN, "2026-03-29 02:00-02:30", "2026-03-28 12:00:00", 0},
	{BERLIN, "2026-03-29 01:30-03:30", "2026-03-28 12:00:00", 3600},
	{BERLIN, "2026-03-29 00:00-24:00", "2026-03-28 12:00:00", 23 * 3600},
	{BERLIN, "2026-03-28 22:00-06:00", "2026-03-28 12:00:00", 7 * 3600},
	{BERLIN, "2026-10-25 02:00-02:30", "2026-10-24 12:00:00", 3600},
	{BERLIN, "2026-10-25 01:30-03:30", "2026-10-24 12:00:00", 3 * 3600},
	{BERLIN, "2026-10-25", "2026-10-24 12:00:00", 25 * 3600},
	{BERLIN, "Sat 22:00-06:00", "2026-10-24 12:00:00", 9 * 3600},
	/* Lord Howe repeats 01:30 to 02:00 on 2026-04-05, and skips 02:00 to 02:30 on 2026-10-04 */
	{LORD_HOWE, "2026-04-05 01:30-02:00", "2026-04-04 00:00:00", 3600},
	{LORD_HOWE, "2026-04-05 01:15-01:45", "2026-04-04 00:00:00", 2700},
	{LORD_HOWE, "2026-04-05", "2026-04-04 00:00:00", 24 * 3600 + 1800},
	{LORD_HOWE, "2026-10-04 02:00-02:30", "2026-10-03 00:00:00", 0},
	{LORD_HOWE, "2026-10-04 02:15-02:45", "2026-10-03 00:00:00", 900},
	/* Sao Paulo: 2026-11-01 begins at 01:00, and 2026-02-14 has the hour before midnight twice
	 */
	{SAO_PAULO, "2026-11-01", "2026-10-31 12:00:00", 23 * 3600},
	{SAO_PAULO, "2026-10-31 23:00-01:30", "2026-10-31 12:00:00", 5400},
	{SAO_PAULO, "2026-02-14 23:00-24:00", "2026-02-14 12:00:00", 7200},
	{"UTC0", "2026-03-29 02:00-02:30", "2026-03-28 12:00:00", 1800},
};

START_TEST(a_window_is_what_the_clock_on_the_wall_shows)
{
	struct calendar *calendar;
	time_t from;
	int seconds = 0;

	set_zone(spans[_i].zone);
	calendar = read_calendar(spans[_i].window);
	from = utc(spans[_i].from);
	for (time_t when = from; when < from + 2 * CALENDAR_DAY; when += 60)
		seconds += calendar_contains(calendar, when) ? 60 : 0;
	ck_assert_msg(seconds == spans[_i].seconds, "%s in %s: %d s instead of %d s",
		spans[_i].window, spans[_i].zone, seconds, spans[_i].seconds);
	free(calendar);
}
END_TEST

/* The search finds exactly the changes that a comparison of all minutes finds. */
START_TEST(the_search_finds_each_change)
{
	struct calendar_rule rule = {0};
	time_t from, next;

	set_zone(spans[_i].zone);
	rule.only = read_calendar(spans[_i].window);
	from = utc(spans[_i].from);
	next = calendar_next_change(&rule, from);
	for (time_t when = from + 60; when < from + 2 * CALENDAR_DAY; when += 60) {
		bool changed = calendar_allows(&rule, when) != calendar_allows(&rule, when - 60);

		ck_assert_msg(changed == (next == when), "%s in %s: %ld min", spans[_i].window,
			spans[_i].zone, (long)(when - from) / 60);
		if (changed)
			next = calendar_next_change(&rule, when);
	}
	free((void *)rule.only);
}
END_TEST

static const struct {
	const char *zone, *only, *except, *when, *change;
} changes[] = {
	{BERLIN, "Mon..Fri 08:00-18:00", NULL, "2026-11-30 12:00:00", "2026-11-30 18:00 CET"},
	{BERLIN, "Mon..Fri 08:00-18:00", NULL, "2026-12-04 18:00:00", "2026-12-07 08:00 CET"},
	{BERLIN, "Mon..Fri 08:00-18:00", NULL, "2026-03-27 18:00:00", "2026-03-30 08:00 CEST"},
	{BERLIN, NULL, "Mon", "2026-11-30 12:00:00", "2026-12-01 00:00 CET"},
	{BERLIN, "08:00-18:00", "12:00-12:30:15", "2026-11-30 11:15:00", "2026-11-30 12:30:15 CET"},
	/* two windows that meet are one */
	{"UTC0", "Mon 00:00-24:00, Tue 00:00-12:00", NULL, "2026-11-30 12:00:00",
		"2026-12-01 12:00 UTC"},
	{"UTC0", "08:00-18:00", "18:00-20:00", "2026-11-30 09:00:00", "2026-11-30 18:00 UTC"},
	{"UTC0", "08:00-18:00", "07:00-09:00", "2026-11-30 06:00:00", "2026-11-30 09:00 UTC"},
	/* nothing changes within the limit of the search */
	{"UTC0", "00:00-24:00", NULL, "2026-11-30 12:00:00", "2027-11-30 12:00 UTC"},
	{"UTC0", "2020-01-01", NULL, "2026-11-30 12:00:00", "2027-11-30 12:00 UTC"},
	{"UTC0", "*-11-30", NULL, "2026-12-01 00:00:00", "2027-11-30 00:00 UTC"},
};

START_TEST(the_next_change_is_found)
{
	struct calendar_rule rule = {0};
	char text[CALENDAR_TEXT];
	struct calendar *only = NULL, *except = NULL;

	set_zone(changes[_i].zone);
	if (changes[_i].only != NULL)
		only = read_calendar(changes[_i].only);
	if (changes[_i].except != NULL)
		except = read_calendar(changes[_i].except);
	rule = (struct calendar_rule){only, except};
	calendar_format(text, calendar_next_change(&rule, utc(changes[_i].when)));
	ck_assert_str_eq(text, changes[_i].change);
	free(only);
	free(except);
}
END_TEST

/* --- errors ----------------------------------------------------------------------------------- */

static const struct {
	const char *text, *why;
} errors[] = {
	{"Mon..Fry 08:00-18:00", "\"Mon..Fry\" is not a weekday"},
	{"Mon-Fri", "\"Mon-Fri\" is not a weekday or a range such as Mon..Fri"},
	{"Mo", "\"Mo\" is not a weekday"},
	{"Mon..", "\"Mon..\" is not a weekday"},
	{"Jan", "\"Jan\" is not a weekday"},
	{"daily", "\"daily\" is not a weekday"},
	{"Mon Tue", "has weekdays twice, the second time at \"Tue\""},
	{"08:00-09:00 10:00-11:00", "has times twice, the second time at \"10:00-11:00\""},
	{"08:00", "\"08:00\" is not a time of the day such as 08:00-18:00"},
	{"08:00-", "\"08:00-\" is not a time of the day"},
	{"8-18", "\"8-18\" is not a date"},
	{"08:0-18:00", "\"08:0-18:00\" is not a time of the day"},
	{"08:60-18:00", "is not a time of the day"},
	{"08:00-18:00:60", "is not a time of the day"},
	{"08:00-24:01", "is not a time of the day"},
	{"24:00-08:00", "is not a time of the day"},
	{"08:00-18:00x", "is not a time of the day"},
	{"08:00..18:00", "is not a time of the day"},
	{"08:00-08:00", "\"08:00-08:00\" contains no time; 00:00-24:00 is the whole day"},
	{"12-24", "\"12-24\" is not a date such as 2026-12-24, *-12-24"},
	{"2026-13-01", "\"2026-13-01\" is not a date"},
	{"2026-00-01", "is not a date"},
	{"2026-02-29", "\"2026-02-29\" is not a date"},
	{"*-02-30", "\"*-02-30\" is not a date"},
	{"*-04-31", "is not a date"},
	{"2026-12-1", "is not a date"},
	{"2026-12-24..", "is not a date"},
	{"*", "is not a date"},
	{"2026-12-24..*-12-26", "must have the same parts \"*\""},
	{"2026-12-26..2026-12-24", "\"2026-12-26..2026-12-24\" ends before it begins"},
	{"Mon,,Tue", "has an empty element; remove the extra comma"},
	{"Mon,", "has an empty element"},
	{"", "has an empty element"},
	{"Sat,Sun 10:00-12:00",
		"the weekdays before \"Sun 10:00-12:00\" have no times, and each element needs its "
		"own; for whole days, write 00:00-24:00"},
	{"Mon 10:00-12:00 "
	 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"is too long for a window"},
};

START_TEST(an_error_names_its_place)
{
	struct calendar *calendar;
	char why[CALENDAR_WHY] = "";

	ck_assert_int_eq(calendar_parse(&calendar, errors[_i].text, why), -EINVAL);
	ck_assert_ptr_null(calendar);
	ck_assert_msg(strstr(why, errors[_i].why) != NULL, "%s: %s", errors[_i].text, why);
}
END_TEST

START_TEST(calendars_are_equal_by_their_meaning)
{
	struct calendar *a = read_calendar("Mon..Fri 08:00-18:00, Sat"),
			*b = read_calendar("monday..friday  8:00-18:00:00,Sat 00:00-24:00"),
			*c = read_calendar("Mon..Fri 08:00-18:01, Sat");

	ck_assert(calendar_equal(a, b));
	ck_assert(!calendar_equal(a, c));
	free(a);
	free(b);
	free(c);
}
END_TEST

SUITE("calendar", NULL, NULL)
{
	LOOP_TEST(each_time_is_inside_or_outside, COUNT(contained));
	LOOP_TEST(a_window_is_what_the_clock_on_the_wall_shows, COUNT(spans));
	LOOP_TEST(the_search_finds_each_change, COUNT(spans));
	LOOP_TEST(the_next_change_is_found, COUNT(changes));
	LOOP_TEST(an_error_names_its_place, COUNT(errors));
	TEST(calendars_are_equal_by_their_meaning);
}
