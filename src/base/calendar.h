/*
 * calendar: windows of time such as "Mon..Fri 08:00-18:00", in the local time of the machine.
 *
 * A window is defined by what a clock on the wall shows.  02:00-02:30 contains nothing on a day on
 * which the clocks skip that half hour, and contains it twice on a day on which they repeat it.
 *
 * The functions that take a time call tzset, so only the loop thread may call them.
 */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define CALENDAR_DAY  86400                /* seconds */
#define CALENDAR_FAR  (365 * CALENDAR_DAY) /* seconds; the limit of calendar_next_change */
#define CALENDAR_WHY  256                  /* the size of a reason */
#define CALENDAR_TEXT 40                   /* the size of a time as text */

/* 0: any year, month or day, which is written as "*" */
struct calendar_date {
	int year, month, day;
};

struct calendar_window {
	unsigned weekdays; /* bits of tm_wday; Sunday is bit 0 */
	struct calendar_date first, last;
	/* seconds since midnight by the clock on the wall; if end is before begin, the window ends
	 * on the next day */
	int begin, end;
};

struct calendar {
	size_t count;
	struct calendar_window windows[];
};

/* The times inside a window of only and outside all windows of except.  NULL: not restricted. */
struct calendar_rule {
	const struct calendar *only, *except;
};

/* Parses one window: weekdays, a date and times, of which at least one is present.  Returns 0, or
 * -EINVAL and the reason with the invalid part of the text in why. */
int calendar_parse_window(struct calendar_window *window, const char *text, char why[CALENDAR_WHY]);
/* Parses windows that are separated by commas.  The caller frees *calendar with free.  Returns 0,
 * or -EINVAL and the reason in why; *calendar is then NULL. */
int calendar_parse(struct calendar **calendar, const char *text, char why[CALENDAR_WHY]);

bool calendar_equal(const struct calendar *a, const struct calendar *b);
/* Returns whether the time is inside one of the windows. */
bool calendar_contains(const struct calendar *calendar, time_t when);
bool calendar_allows(const struct calendar_rule *rule, time_t when);
/* Returns the first time after `when` at which calendar_allows changes.  Returns when +
 * CALENDAR_FAR if it does not change before that. */
time_t calendar_next_change(const struct calendar_rule *rule, time_t when);
/* Formats a time with its date and its time zone: "2026-11-30 18:00 CET".  Returns text. */
char *calendar_format(char text[CALENDAR_TEXT], time_t when);

#endif
