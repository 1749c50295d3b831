/*
 * calendar: windows of time such as "Mon..Fri 08:00-18:00", and points in time such as
 * "Mon..Fri 08:00", in the local time of the machine.
 *
 * A window is defined by what a clock on the wall shows.  02:00-02:30 contains nothing on a day on
 * which the clocks skip that half hour, and contains it twice on a day on which they repeat it.
 *
 * A point that names its hours comes exactly once on such a day: when the clock first shows its
 * time or, if that is skipped, when the clock changes.  A point of every hour ("*") comes in
 * each hour that passes, and therefore also twice in one that is repeated.
 *
 * The functions that take a time call tzset, so only the loop thread may call them.
 */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CALENDAR_DAY  86400                /* seconds */
#define CALENDAR_FAR  (365 * CALENDAR_DAY) /* seconds; the limit of calendar_next_change */
#define CALENDAR_WHY  256                  /* the size of a reason */
#define CALENDAR_TEXT 40                   /* the size of a time as text */

/* 0: any year, month or day, which is written as "*" */
struct calendar_date {
	int year, month, day;
};

struct calendar_days {
	unsigned weekdays; /* bits of tm_wday; Sunday is bit 0 */
	struct calendar_date first, last;
};

struct calendar_window {
	struct calendar_days days; /* must be the first member */
	/* seconds since midnight by the clock on the wall; if end is before begin, the window ends
	 * on the next day */
	int begin, end;
};

struct calendar {
	size_t count;
	struct calendar_window windows[];
};

/* Bits of the hours, minutes and seconds that the clock on the wall shows. */
struct calendar_point {
	struct calendar_days days; /* must be the first member */
	uint32_t hours;
	uint64_t minutes, seconds;
};

struct calendar_times {
	size_t count;
	struct calendar_point points[];
};

/* The times inside a window of only and outside all windows of except.  NULL: not restricted. */
struct calendar_rule {
	const struct calendar *only, *except;
};

/* Parses windows that are separated by commas.  A window has weekdays, a date and times, of which
 * at least one is present.  The caller frees *calendar with free.  Returns 0,
 * or -EINVAL and the reason in why; *calendar is then NULL. */
int calendar_parse(struct calendar **calendar, const char *text, char why[CALENDAR_WHY]);

/* Returns a copy, which the caller frees with free. */
struct calendar *calendar_copy(const struct calendar *calendar);
bool calendar_equal(const struct calendar *a, const struct calendar *b);
/* Returns whether the time is inside one of the windows. */
bool calendar_contains(const struct calendar *calendar, time_t when);
bool calendar_allows(const struct calendar_rule *rule, time_t when);
/* Returns the first time after `when` at which calendar_allows changes.  Returns when +
 * CALENDAR_FAR if it does not change before that. */
time_t calendar_next_change(const struct calendar_rule *rule, time_t when);
/* Parses points in time that are separated by commas: words such as "hourly", or weekdays, a date
 * and times, of which at least one is present.  A point without times is at midnight.  The caller
 * frees *times with free.  Returns 0, or -EINVAL and the reason in why; *times is then NULL. */
int calendar_parse_times(struct calendar_times **times, const char *text, char why[CALENDAR_WHY]);
/* Returns a copy, which the caller frees with free. */
struct calendar_times *calendar_copy_times(const struct calendar_times *times);
bool calendar_equal_times(const struct calendar_times *a, const struct calendar_times *b);
/* Stores the first point after `when`.  Returns false if there is none.  done: the last point that
 * has been acted on; 0: none.  If the clock was set back and done is after `when`, the points up to
 * done are not repeated.  But if done is more than a day ahead, or for points of every hour more
 * than an hour, the clock was wrong when done was acted on, and done is ignored. */
bool calendar_next_time(const struct calendar_times *times, time_t when, time_t done, time_t *next);

/* Formats a time with its date and its time zone: "2026-11-30 18:00 CET".  Returns text. */
char *calendar_format(char text[CALENDAR_TEXT], time_t when);

#endif
