/*
 * calendar: see calendar.h.
 *
 * A window is kept as numbers of the calendar and of the clock, and a time is converted to them by
 * localtime_r.  So the C library alone knows the rules of the time zone.  The search for the next
 * change steps from one possible change to the next: a limit of a window, midnight, or a step of
 * the local clock.
 */
#include "base/calendar.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

#define ALL_WEEKDAYS 0x7fu
#define WORD_MAX     64

static const char *const weekdays[] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

static int wrong(char why[CALENDAR_WHY], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int wrong(char why[CALENDAR_WHY], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, CALENDAR_WHY, format, ap);
	va_end(ap);
	return -EINVAL;
}

/* --- the parts of a window -------------------------------------------------------------------- */

/* Reads one weekday, a full name or three letters.  Returns its tm_wday, or -1. */
static int read_weekday(const char **text)
{
	size_t n = strcspn(*text, ".");

	for (int i = 0; i < 7; i++) {
		if ((n == 3 || n == strlen(weekdays[i])) &&
			strncasecmp(*text, weekdays[i], n) == 0) {
			*text += n;
			return i;
		}
	}
	return -1;
}

static int parse_weekdays(struct calendar_window *w, const char *word, char why[CALENDAR_WHY])
{
	const char *rest = word;
	int first = read_weekday(&rest), last = first;

	if (first >= 0 && strncmp(rest, "..", 2) == 0) {
		rest += 2;
		last = read_weekday(&rest);
	}
	if (first < 0 || last < 0 || *rest != '\0')
		return wrong(why, "\"%s\" is not a weekday or a range such as Mon..Fri", word);
	w->weekdays = 1u << last;
	for (int day = first; day != last; day = (day + 1) % 7)
		w->weekdays |= 1u << day;
	return 0;
}

/* Reads a number of least to most digits.  Returns it, or -1. */
static int read_number(const char **text, int least, int most)
{
	int number = 0, digits = 0;

	for (; isdigit((unsigned char)**text) && digits < most; digits++)
		number = number * 10 + *(*text)++ - '0';
	return digits >= least ? number : -1;
}

/* Reads a part of a date, followed by that character.  Returns 0 for "*", and -1 for an error. */
static int read_field(const char **text, int digits, char after)
{
	int number = 0;

	if (**text == '*')
		++*text;
	else if ((number = read_number(text, digits, digits)) == 0)
		return -1;
	if (after == '\0')
		return number;
	return *(*text)++ == after ? number : -1;
}

static int read_date(const char **text, struct calendar_date *date)
{
	static const int lengths[] = {31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap;

	if ((date->year = read_field(text, 4, '-')) < 0 ||
		(date->month = read_field(text, 2, '-')) < 0 || date->month > 12 ||
		(date->day = read_field(text, 2, '\0')) < 0 || date->day > lengths[date->month])
		return -EINVAL;
	leap = date->year % 4 == 0 && (date->year % 100 != 0 || date->year % 400 == 0);
	return date->month == 2 && date->day == 29 && !leap ? -EINVAL : 0;
}

static int order_of(const struct calendar_date *date)
{
	return (date->year * 100 + date->month) * 100 + date->day;
}

static int parse_date(struct calendar_window *w, const char *word, char why[CALENDAR_WHY])
{
	const char *rest = word;
	int err = read_date(&rest, &w->first);

	w->last = w->first;
	if (err == 0 && strncmp(rest, "..", 2) == 0) {
		rest += 2;
		err = read_date(&rest, &w->last);
	}
	if (err != 0 || *rest != '\0')
		return wrong(why,
			"\"%s\" is not a date such as 2026-12-24, *-12-24 or "
			"2026-12-24..2026-12-26",
			word);
	if ((w->first.year == 0) != (w->last.year == 0) ||
		(w->first.month == 0) != (w->last.month == 0) ||
		(w->first.day == 0) != (w->last.day == 0))
		return wrong(why, "both dates of \"%s\" must have the same parts \"*\"", word);
	if (w->first.year != 0 && order_of(&w->first) > order_of(&w->last))
		return wrong(why, "\"%s\" ends before it begins", word);
	return 0;
}

/* Reads HH:MM or HH:MM:SS.  Returns the seconds since midnight, or -1. */
static int read_time(const char **text)
{
	int hour = read_number(text, 1, 2), minute = -1, second = 0;

	if (hour >= 0 && *(*text)++ == ':')
		minute = read_number(text, 2, 2);
	if (minute >= 0 && **text == ':') {
		++*text;
		second = read_number(text, 2, 2);
	}
	if (minute < 0 || minute > 59 || second < 0 || second > 59)
		return -1;
	return hour * 3600 + minute * 60 + second;
}

static int parse_times(struct calendar_window *w, const char *word, char why[CALENDAR_WHY])
{
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
		return wrong(why, "\"%s\" is not a time of the day such as 08:00-18:00", word);
	if (w->begin == w->end)
		return wrong(why, "\"%s\" contains no time; 00:00-24:00 is the whole day", word);
	if (w->end == 0)
		w->end = CALENDAR_DAY;
	return 0;
}

/* --- a window --------------------------------------------------------------------------------- */

enum { WEEKDAYS, DATE, TIMES };

static const struct {
	const char *name;
	int (*parse)(struct calendar_window *w, const char *word, char why[CALENDAR_WHY]);
} parts[] = {
	[WEEKDAYS] = {"weekdays", parse_weekdays},
	[DATE] = {"a date", parse_date},
	[TIMES] = {"times", parse_times},
};

static int part_of(const char *word)
{
	if (strchr(word, ':') != NULL)
		return TIMES;
	return isdigit((unsigned char)word[0]) || word[0] == '*' ? DATE : WEEKDAYS;
}

/* Parses the window in the first n bytes of text.  Stores a bit for each part that is present. */
static int parse_part_of(struct calendar_window *w, const char *text, size_t n, unsigned *present,
	char why[CALENDAR_WHY])
{
	const char *end = text + n;
	char word[WORD_MAX];
	int part, err;
	size_t length;

	*w = (struct calendar_window){.weekdays = ALL_WEEKDAYS, .end = CALENDAR_DAY};
	*present = 0;
	while ((text += strspn(text, " \t")) < end) {
		length = strcspn(text, " \t,");
		if (length >= sizeof(word))
			return wrong(why, "\"%.40s...\" is too long for a window of time", text);
		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		text += length;
		part = part_of(word);
		if (*present & 1u << part)
			return wrong(why, "has %s twice, the second time at \"%s\"",
				parts[part].name, word);
		*present |= 1u << part;
		err = parts[part].parse(w, word, why);
		if (err != 0)
			return err;
	}
	if (*present == 0)
		return wrong(why, "has an empty element; remove the extra comma");
	return 0;
}

int calendar_parse_window(struct calendar_window *window, const char *text, char why[CALENDAR_WHY])
{
	unsigned present;

	if (strchr(text, ',') != NULL)
		return wrong(why, "\"%.40s\" is more than one window", text);
	return parse_part_of(window, text, strlen(text), &present, why);
}

/* --- a calendar ------------------------------------------------------------------------------- */

/* In the syntax of systemd, "Sat,Sun 10:00-12:00" gives these times to both days.  Here the first
 * element would be the whole of Saturday, so such a text is refused. */
static int check_lone_weekdays(
	unsigned before, unsigned present, const char *element, char why[CALENDAR_WHY])
{
	if (before != 1u << WEEKDAYS || !(present & 1u << WEEKDAYS) || present == before)
		return 0;
	return wrong(why,
		"the weekdays before \"%.*s\" have no times, and each element needs its own; for "
		"whole days, write 00:00-24:00",
		(int)(strcspn(element, ",") < 40 ? strcspn(element, ",") : 40), element);
}

static int parse_windows(struct calendar *calendar, const char *text, char why[CALENDAR_WHY])
{
	unsigned before = 0, present;
	int err = 0;

	for (;;) {
		text += strspn(text, " \t");
		err = parse_part_of(&calendar->windows[calendar->count++], text, strcspn(text, ","),
			&present, why);
		if (err == 0)
			err = check_lone_weekdays(before, present, text, why);
		before = present;
		text += strcspn(text, ",");
		if (err != 0 || *text == '\0')
			return err;
		text++;
	}
}

int calendar_parse(struct calendar **calendar, const char *text, char why[CALENDAR_WHY])
{
	size_t count = 1;
	int err;

	for (const char *p = text; *p != '\0'; p++)
		count += *p == ',';
	*calendar = memory_zero(sizeof(**calendar) + count * sizeof((*calendar)->windows[0]));
	err = parse_windows(*calendar, text, why);
	if (err != 0) {
		free(*calendar);
		*calendar = NULL;
	}
	return err;
}

static bool windows_equal(const struct calendar_window *a, const struct calendar_window *b)
{
	return a->weekdays == b->weekdays && a->begin == b->begin && a->end == b->end &&
	       order_of(&a->first) == order_of(&b->first) &&
	       order_of(&a->last) == order_of(&b->last);
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

static bool has_day(const struct calendar_window *w, const struct tm *day)
{
	struct calendar_date date = {w->first.year != 0 ? day->tm_year + 1900 : 0,
		w->first.month != 0 ? day->tm_mon + 1 : 0, w->first.day != 0 ? day->tm_mday : 0};
	int first = order_of(&w->first), last = order_of(&w->last), order = order_of(&date);

	if (!(w->weekdays & 1u << day->tm_wday))
		return false;
	if (first <= last)
		return order >= first && order <= last;
	return order >= first || order <= last; /* over the end of the year or of the month */
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
		       has_day(w, &wall->today);
	return (wall->seconds >= w->begin && has_day(w, &wall->today)) ||
	       (wall->seconds < w->end && has_day(w, &wall->yesterday));
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

		if (has_day(w, &wall->today) || (is_overnight(w) && has_day(w, &wall->yesterday))) {
			lower(next, w->begin, wall->seconds);
			lower(next, w->end, wall->seconds);
		}
	}
}

static long offset_of(time_t when)
{
	struct tm tm;

	localtime_r(&when, &tm);
	return tm.tm_gmtoff;
}

/* Returns the first time after `from` at which the offset of the time zone differs, or `to` if it
 * does not differ at `to`. */
static time_t next_step(time_t from, time_t to)
{
	long offset = offset_of(from);
	time_t middle;

	if (offset_of(to) == offset)
		return to;
	while (to - from > 1) {
		middle = from + (to - from) / 2;
		if (offset_of(middle) == offset)
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
		when = next_step(when, when + (next > wall.seconds ? next - wall.seconds : 1));
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
