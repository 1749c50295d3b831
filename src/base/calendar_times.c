/*
 * calendar_times: points in time such as "Mon..Fri 08:00"; see calendar.h.
 *
 * A time of the wall clock is kept here as the seconds since 1970 that it would be in UTC, which
 * this file calls a wall time.  Two rules convert a point to UTC, and changes of the clocks need no
 * special cases.  A point of certain hours comes when the clock first shows its
 * wall time or a later one.  A point of every hour comes whenever the clock shows its wall time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar_internal.h"
#include "base/memory.h"

#define EVERY_HOUR ((UINT32_C(1) << 24) - 1)
#define HOUR       3600

/* Local times are between 12 hours behind UTC and 14 hours ahead of it. */
#define BEHIND_MAX (13 * HOUR)
#define AHEAD_MAX  (15 * HOUR)

/* A 29th of February that must be a certain weekday may be 40 years away. */
#define SEARCH (41 * INT64_C(366) * CALENDAR_DAY)

/* --- parsing ---------------------------------------------------------------------------------- */

#define WORDS "minutely, hourly, daily, weekly, monthly and yearly"

static const struct {
	const char *word, *meaning;
} words[] = {
	{"minutely", "*:*"},
	{"hourly", "*:00"},
	{"daily", "00:00"},
	{"weekly", "Mon 00:00"},
	{"monthly", "*-*-01 00:00"},
	{"yearly", "*-01-01 00:00"},
};

static const char *expand(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].meaning;
	return NULL;
}

/* Reads "*", N, N/STEP, "*" with a step, and if there may be ranges, A..B and A..B/STEP.  Returns a
 * bit for each number below limit, or 0 for an error. */
static uint64_t read_numbers(const char **text, int limit, bool ranges)
{
	int first = 0, last = limit - 1, step = 1;
	uint64_t bits = 0;

	if (**text == '*') {
		++*text;
	} else {
		first = last = calendar_read_number(text, 1, 2);
		if (ranges && strncmp(*text, "..", 2) == 0) {
			*text += 2;
			last = calendar_read_number(text, 1, 2);
		} else if (**text == '/') {
			last = limit - 1;
		}
	}
	if (**text == '/') {
		++*text;
		step = calendar_read_number(text, 1, 2);
	}
	if (first < 0 || last < first || last >= limit || step <= 0)
		return 0;
	for (int i = first; i <= last; i += step)
		bits |= UINT64_C(1) << i;
	return bits;
}

/* Reads minutes or seconds after their colon. */
static uint64_t read_next(const char **text)
{
	++*text;
	return read_numbers(text, 60, false);
}

/* HOURS:MINUTES or HOURS:MINUTES:SECONDS */
static int parse_times(void *element, const char *word, char why[CALENDAR_WHY])
{
	struct calendar_point *p = element;
	const char *rest = word;

	p->hours = (uint32_t)read_numbers(&rest, 24, true);
	p->minutes = *rest == ':' ? read_next(&rest) : 0;
	if (*rest == ':')
		p->seconds = read_next(&rest);
	if (p->hours != 0 && p->minutes != 0 && p->seconds != 0 && *rest == '\0')
		return 0;
	if (strchr(word, '-') != NULL)
		return calendar_wrong(why,
			"\"%s\" is a window; write points in time, such as 08:00, *:00 for each "
			"hour, or 8..17:30 for each hour from 08:30 to 17:30",
			word);
	return calendar_wrong(why,
		"\"%s\" is not a time of the day such as 08:00, 08:00:30, *:00 for each hour, "
		"*:0/15 for each quarter of an hour, or 8..17:30 for each hour from 08:30 to 17:30",
		word);
}

static void begin_point(void *element)
{
	struct calendar_point *p = element;

	p->hours = 1;
	p->minutes = p->seconds = 1;
}

static const struct calendar_syntax syntax = {.size = sizeof(struct calendar_point),
	.element = "a point in time",
	.no_weekday = "; the words " WORDS " stand alone",
	.whole = "midnight, write 00:00",
	.begin = begin_point,
	.parse_times = parse_times,
	.expand = expand};

static size_t size_for(size_t count)
{
	return sizeof(struct calendar_times) + count * sizeof(struct calendar_point);
}

int calendar_parse_times(struct calendar_times **times, const char *text, char why[CALENDAR_WHY])
{
	size_t count = calendar_count(text);
	int err;

	*times = memory_zero(size_for(count));
	(*times)->count = count;
	err = calendar_parse_elements(&syntax, (*times)->points, text, why);
	if (err != 0) {
		free(*times);
		*times = NULL;
	}
	return err;
}

struct calendar_times *calendar_copy_times(const struct calendar_times *times)
{
	size_t size = size_for(times->count);

	return memcpy(memory_zero(size), times, size);
}

static bool points_equal(const struct calendar_point *a, const struct calendar_point *b)
{
	return calendar_days_equal(&a->days, &b->days) && a->hours == b->hours &&
	       a->minutes == b->minutes && a->seconds == b->seconds;
}

bool calendar_equal_times(const struct calendar_times *a, const struct calendar_times *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!points_equal(&a->points[i], &b->points[i]))
			return false;
	return true;
}

/* --- wall times ------------------------------------------------------------------------------- */

/* Returns the first point of a day at this second of the day or after it.  -1: none. */
static int next_in_day(const struct calendar_point *p, int second)
{
	int h = second / HOUR, m = second / 60 % 60, s = second % 60;

	for (; h < 24; h++, m = s = 0)
		for (; p->hours >> h & 1 && m < 60; m++, s = 0)
			for (; p->minutes >> m & 1 && s < 60; s++)
				if (p->seconds >> s & 1)
					return h * HOUR + m * 60 + s;
	return -1;
}

/* Returns where the search for a day ends: before the last days of a time_t of 32 bits. */
static time_t search_end(time_t day)
{
	int64_t end = day + SEARCH;

	return sizeof(time_t) < sizeof(end) && end > INT32_MAX - 3 * CALENDAR_DAY
		       ? INT32_MAX - 3 * CALENDAR_DAY
		       : (time_t)end;
}

/* Stores the first wall time of the point that is at or after a wall time.  False: there is none.
 */
static bool next_wall(const struct calendar_point *p, time_t wall, time_t *next)
{
	time_t day = wall > 0 ? wall - wall % CALENDAR_DAY : 0, end = search_end(day);
	int second = wall > 0 ? (int)(wall - day) : 0, found;
	struct tm tm;

	for (; day < end; day += CALENDAR_DAY, second = 0) {
		gmtime_r(&day, &tm);
		if (p->days.last.year != 0 && tm.tm_year + 1900 > p->days.last.year)
			return false;
		found = calendar_has_day(&p->days, &tm) ? next_in_day(p, second) : -1;
		if (found >= 0) {
			*next = day + found;
			return true;
		}
	}
	return false;
}

/* Returns the latest wall time that the clock has shown up to this time. */
static time_t latest_wall(time_t when)
{
	time_t from = when - BEHIND_MAX - AHEAD_MAX, latest = 0, step, wall;

	for (; from < when; from = step) {
		step = calendar_next_step(from, when);
		wall = step - 1 + calendar_offset(from);
		if (wall > latest)
			latest = wall;
	}
	wall = when + calendar_offset(when);
	return wall > latest ? wall : latest;
}

/* Returns the time at which the clock first shows this wall time or a later one. */
static time_t first_shown(time_t wall)
{
	time_t from = wall - AHEAD_MAX, end = wall + BEHIND_MAX, step, when;

	for (;;) {
		step = calendar_next_step(from, end);
		when = wall - calendar_offset(from);
		if (when < from)
			return from; /* the clock has skipped this wall time */
		if (when < step || step == end)
			return when;
		from = step;
	}
}

/* --- points in time --------------------------------------------------------------------------- */

static bool next_of_certain_hours(const struct calendar_point *p, time_t when, time_t *next)
{
	time_t wall;

	if (!next_wall(p, latest_wall(when) + 1, &wall))
		return false;
	*next = first_shown(wall);
	return true;
}

static bool next_of_every_hour(const struct calendar_point *p, time_t when, time_t *next)
{
	time_t from = when + 1, wall;
	long offset;

	for (;; from = calendar_next_step(from, *next)) {
		offset = calendar_offset(from);
		if (!next_wall(p, from + offset, &wall))
			return false;
		*next = wall - offset;
		if (calendar_offset(*next) == offset)
			return true;
	}
}

/* If the clock was set back by less than that since `done`, the points up to `done` are not
 * repeated. */
static long guard_of(const struct calendar_point *p)
{
	return p->hours == EVERY_HOUR ? HOUR : CALENDAR_DAY;
}

static bool next_of_point(const struct calendar_point *p, time_t when, time_t done, time_t *next)
{
	if (done > when && done - when <= guard_of(p))
		when = done;
	return (p->hours == EVERY_HOUR ? next_of_every_hour : next_of_certain_hours)(p, when, next);
}

bool calendar_next_time(const struct calendar_times *times, time_t when, time_t done, time_t *next)
{
	bool any = false;
	time_t of_point;

	tzset();
	for (size_t i = 0; i < times->count; i++) {
		if (!next_of_point(&times->points[i], when, done, &of_point))
			continue;
		if (!any || of_point < *next)
			*next = of_point;
		any = true;
	}
	return any;
}
