/* local_time: see local_time.h. */
#include "local_time.h"

#include <stdio.h>
#include <time.h>

double local_time_read(const char *rfc3339)
{
	struct tm tm = {0};

	if (rfc3339 == NULL || sscanf(rfc3339, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon,
				       &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (double)timegm(&tm);
}

char *local_time(char text[LOCAL_TIME], const char *rfc3339)
{
	double seconds = local_time_read(rfc3339);
	time_t when = (time_t)seconds;
	struct tm tm;

	tzset(); /* an admin may have changed the time zone since vigild started */
	if (seconds < 0 || localtime_r(&when, &tm) == NULL ||
		strftime(text, LOCAL_TIME, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
		snprintf(text, LOCAL_TIME, "%s", rfc3339 != NULL ? rfc3339 : "");
	return text;
}
