/*
 * print_time: see print_time.h.  vigild sends times in UTC, in the form of RFC 3339.  They are
 * printed in the local time of the machine on which vigilctl runs, with the zone, because one hour
 * occurs twice a year.
 */
#include "client/print_time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/time_text.h"

static double seconds_since(const char *time_text)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 - time_text_utc(time_text);
}

char *print_age(char buf[TEXT_AGE], const char *time_text)
{
	double seconds = seconds_since(time_text);

	return isnan(seconds) ? strcpy(buf, "-") : text_format_age(buf, seconds);
}

char *print_time_left(char buf[TEXT_AGE], const char *time_text)
{
	double seconds = -seconds_since(time_text);

	return seconds > 0 ? text_format_age(buf, seconds) : strcpy(buf, "-");
}

char *print_local_time(char buf[PRINT_TIME], const char *time_text)
{
	double seconds = time_text_utc(time_text);
	time_t when = clock_to_time(seconds);
	struct tm tm;

	if (isnan(seconds) || localtime_r(&when, &tm) == NULL ||
		strftime(buf, PRINT_TIME, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
		text_truncate(buf, PRINT_TIME, time_text);
	return buf;
}

char *print_due_time(char buf[PRINT_TIME], const char *time_text)
{
	double seconds = -seconds_since(time_text);
	char age[TEXT_AGE];
	size_t length;

	print_local_time(buf, time_text);
	length = strlen(buf);
	if (seconds > 0)
		snprintf(buf + length, PRINT_TIME - length, " (in %s)",
			text_format_age(age, seconds));
	return buf;
}
