/*
 * calendar: see calendar.h.
 *
 * A window is kept as numbers of the calendar and of the clock, and a time is converted to them by
 * localtime_r.  So the C library alone knows the rules of the time zone.  The search for the next
 * change steps from one possible change to the next: a limit of a window, midnight, or a step of
 * the local clock.
 */
#include "base/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar_internal.h"
#include "base/memory.h"

/* --- windows ---------------------------------------------------------------------------------- */

/* Reads HH:MM or HH:MM:SS.  Returns the seconds since midnight, or -1. */
static int read_time(const char **text)
{
	int hour = calendar_read_number(text, 1, 2), minute = -1, second = 0;

	if (hour >= 0 && *(*text)++ == ':')
		minute = calendar_read_number(text, 2, 2);
	if (minute >= 0 && **text == ':') {
		++*text;
		second = calendar_read_number(text, 2, 2);
	}
	if (minute < 0 || minute > 59 || second < 0 || second > 59)
		return -1;
	return hour * 3600 + minute * 60 + second;
}

static int parse_times(void *element, const char *word, char why[CALENDAR_WHY])
{
	struct calendar_window *w = element;
	const char *rest = word;

	w->begin = w->end = read_time(&rest);
	if (w->begin >= 0 && *rest == '-') {
		rest++;
		w->end = read_time(&rest);
	} else {
		w->end = -1;
	}
	if (w->begin < 0 || w->begin >= CALENDAR_DAY || w->end < 0 || w->end > CALENDAR_DAY ||
		*rest != '\0')
		return calendar_wrong(
			why, "\"%s\" is not a time of the day such as 08:00-18:00", word);
	if (w->begin == w->end)
		return calendar_wrong(
			why, "\"%s\" contains no time; 00:00-24:00 is the whole day", word);
	if (w->end == 0)
		w->end = CALENDAR_DAY;
	return 0;
}

static void begin_window(void *element)
{
	struct calendar_window *w = element;

	w->begin = 0;
	w->end = CALENDAR_DAY;
}

static const struct calendar_syntax syntax = {.size = sizeof(struct calendar_window),
	.element = "a window of time",
	.no_weekday = "",
	.whole = "whole days, write 00:00-24:00",
	.begin = begin_window,
	.parse_times = parse_times};

int calendar_parse(struct calendar **calendar, const char *text, char why[CALENDAR_WHY])
{
	size_t count = calendar_count(text);
	int err;

	*calendar = memory_zero(sizeof(**calendar) + count * sizeof((*calendar)->windows[0]));
	(*calendar)->count = count;
	err = calendar_parse_elements(&syntax, (*calendar)->windows, text, why);
	if (err != 0) {
		free(*calendar);
		*calendar = NULL;
	}
	return err;
}

struct calendar *calendar_copy(const struct calendar *calendar)
{
	size_t size = sizeof(*calendar) + calendar->count * sizeof(calendar->windows[0]);

	return memcpy(memory_zero(size), calendar, size);
}

static bool windows_equal(const struct calendar_window *a, const struct calendar_window *b)
{
	return a->begin == b->begin && a->end == b->end && calendar_days_equal(&a->days, &b->days);
}

bool calendar_equal(const struct calendar *a, const struct calendar *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!windows_equal(&a->windows[i], &b->windows[i]))
			return false;
	return true;
}

/* --- times ------------------------------------------------------------------------------------ */

/* A time as the calendar and the clock on the wall show it. */
struct wall {
	struct tm today, yesterday;
	int seconds; /* since midnight */
};

static void read_wall(time_t when, struct wall *wall)
{
	struct tm noon;
	time_t day_before;

	localtime_r(&when, &wall->today);
	wall->seconds = wall->today.tm_hour * 3600 + wall->today.tm_min * 60 + wall->today.tm_sec;
	/* The date of yesterday does not depend on the time zone. */
	noon = (struct tm){.tm_year = wall->today.tm_year,
		.tm_mon = wall->today.tm_mon,
		.tm_mday = wall->today.tm_mday - 1,
		.tm_hour = 12};
	day_before = timegm(&noon);
	gmtime_r(&day_before, &wall->yesterday);
}

/* Returns whether the window ends on the day after the one on which it begins. */
static bool is_overnight(const struct calendar_window *w)
{
	return w->end < w->begin;
}

static bool window_contains(const struct calendar_window *w, const struct wall *wall)
{
	if (!is_overnight(w))
		return wall->seconds >= w->begin && wall->seconds < w->end &&
		       calendar_has_day(&w->days, &wall->today);
	return (wall->seconds >= w->begin && calendar_has_day(&w->days, &wall->today)) ||
	       (wall->seconds < w->end && calendar_has_day(&w->days, &wall->yesterday));
}

static bool contains(const struct calendar *calendar, const struct wall *wall)
{
	for (size_t i = 0; i < calendar->count; i++)
		if (window_contains(&calendar->windows[i], wall))
			return true;
	return false;
}

static bool allows(const struct calendar_rule *rule, const struct wall *wall)
{
	return (rule->only == NULL || contains(rule->only, wall)) &&
	       (rule->except == NULL || !contains(rule->except, wall));
}

bool calendar_contains(const struct calendar *calendar, time_t when)
{
	return calendar_allows(&(struct calendar_rule){.only = calendar}, when);
}

bool calendar_allows(const struct calendar_rule *rule, time_t when)
{
	struct wall wall;

	tzset(); /* an admin may have changed the time zone since vigild started */
	read_wall(when, &wall);
	return allows(rule, &wall);
}

/* --- the next change -------------------------------------------------------------------------- */

static void lower(int *next, int limit, int seconds)
{
	if (limit > seconds && limit < *next)
		*next = limit;
}

/* Lowers *next to the first limit after this time, if a window of the calendar has an earlier
 * one. */
static void lower_to_limit(const struct calendar *calendar, const struct wall *wall, int *next)
{
	for (size_t i = 0; calendar != NULL && i < calendar->count; i++) {
		const struct calendar_window *w = &calendar->windows[i];

		if (calendar_has_day(&w->days, &wall->today) ||
			(is_overnight(w) && calendar_has_day(&w->days, &wall->yesterday))) {
			lower(next, w->begin, wall->seconds);
			lower(next, w->end, wall->seconds);
		}
	}
}

long calendar_offset(time_t when)
{
	struct tm tm;

	localtime_r(&when, &tm);
	return tm.tm_gmtoff;
}

time_t calendar_next_step(time_t from, time_t to)
{
	long offset = calendar_offset(from);
	time_t middle;

	if (calendar_offset(to) == offset)
		return to;
	while (to - from > 1) {
		middle = from + (to - from) / 2;
		if (calendar_offset(middle) == offset)
			from = middle;
		else
			to = middle;
	}
	return to;
}

time_t calendar_next_change(const struct calendar_rule *rule, time_t when)
{
	time_t end = when + CALENDAR_FAR;
	struct wall wall;
	bool before;
	int next;

	tzset();
	read_wall(when, &wall);
	before = allows(rule, &wall);
	while (when < end) {
		next = CALENDAR_DAY;
		lower_to_limit(rule->only, &wall, &next);
		lower_to_limit(rule->except, &wall, &next);
		/* at a leap second, the clock shows one second more than the day has */
		when = calendar_next_step(
			when, when + (next > wall.seconds ? next - wall.seconds : 1));
		read_wall(when, &wall);
		if (allows(rule, &wall) != before)
			return when < end ? when : end;
	}
	return end;
}

char *calendar_format(char text[CALENDAR_TEXT], time_t when)
{
	struct tm tm;

	tzset();
	if (localtime_r(&when, &tm) == NULL ||
		strftime(text, CALENDAR_TEXT,
			tm.tm_sec != 0 ? "%Y-%m-%d %H:%M:%S %Z" : "%Y-%m-%d %H:%M %Z", &tm) == 0)
		text[0] = '\0';
	return text;
}
