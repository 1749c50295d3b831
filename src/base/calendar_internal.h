/*
 * calendar_internal: the syntax that windows (calendar.c) and points in time (calendar_times.c)
 * share, and what both know of days and of the time zone.
 *
 * A calendar is a list of elements that are separated by commas.  An element has up to three words:
 * weekdays, a date and times.  Only the times differ between a window and a point.
 */
#ifndef CALENDAR_INTERNAL_H
#define CALENDAR_INTERNAL_H

#include "base/calendar.h"

struct calendar_syntax {
	size_t size;            /* of an element, whose first member is its struct calendar_days */
	const char *element;    /* "a window of time" */
	const char *no_weekday; /* the end of the message about a word that is no weekday */
	const char *whole;      /* what to write instead of a weekday without times */
	void (*begin)(void *element); /* sets the times that count if the element has none */
	int (*parse_times)(void *element, const char *word, char why[CALENDAR_WHY]);
	/* Returns the text that replaces a word such as "hourly"; NULL: there is none.  The member is
	 * NULL if the syntax has no such words. */
	const char *(*expand)(const char *word);
};

/* Counts the elements of a text, also empty ones. */
size_t calendar_count(const char *text);
/* Parses as many elements as calendar_count has counted, into an array of them.  Returns 0, or
 * -EINVAL and the reason in why. */
int calendar_parse_elements(const struct calendar_syntax *syntax, void *elements, const char *text,
	char why[CALENDAR_WHY]);
/* Writes the reason and returns -EINVAL. */
int calendar_wrong(char why[CALENDAR_WHY], const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Reads a number of least to most digits.  Returns it, or -1. */
int calendar_read_number(const char **text, int least, int most);

bool calendar_days_equal(const struct calendar_days *a, const struct calendar_days *b);
/* Only the date and the weekday of the tm are read. */
bool calendar_has_day(const struct calendar_days *days, const struct tm *day);

/* Returns the offset of local time from UTC at a time, in seconds. */
long calendar_offset(time_t when);
/* Returns the first time after `from` at which the offset differs, or `to` if it does not differ at
 * `to`. */
time_t calendar_next_step(time_t from, time_t to);

#endif
