/* time_text: see time_text.h. */
#include "base/time_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

double time_text_utc(const char *text)
{
	struct tm tm = {0};
	char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	double fraction = rest != NULL && *rest == '.' ? strtod(rest, &rest) : 0;

	if (rest == NULL || strcmp(rest, "Z") != 0)
		return NAN;
	return (double)timegm(&tm) + fraction;
}

/* Parses a local time.  What the format does not contain is 0, or today for the date. */
static double parse_local(const char *text, const char *format)
{
	time_t now = time(NULL), when;
	struct tm today, tm = {0};
	const char *rest;

	if (localtime_r(&now, &today) == NULL)
		return NAN;
	tm.tm_year = today.tm_year;
	tm.tm_mon = today.tm_mon;
	tm.tm_mday = today.tm_mday;
	rest = strptime(text, format, &tm);
	if (rest == NULL || *rest != '\0')
		return NAN;
	tm.tm_isdst = -1;
	when = mktime(&tm);
	return when != (time_t)-1 ? (double)when : NAN;
}

double time_text_parse(const char *text)
{
	static const char *const formats[] = {
		"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%H:%M", "%H:%M:%S"};
	double seconds;

	if (text_duration(text, &seconds) == 0)
		return clock_seconds(CLOCK_REALTIME) - seconds;
	seconds = time_text_utc(text);
	for (size_t i = 0; isnan(seconds) && i < sizeof(formats) / sizeof(*formats); i++)
		seconds = parse_local(text, formats[i]);
	return seconds;
}
