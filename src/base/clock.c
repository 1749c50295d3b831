/*
 * clock: monotonic time for intervals, and wall-clock time for people.
 *
 * Intervals are measured on CLOCK_MONOTONIC, because that clock never jumps.  Wall-clock time may
 * jump, so it is formatted as text as soon as it is read.  Only the boot time needs both clocks: it
 * is compared with the start time of a process and the date of a file.
 */
#include "base/clock.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_SECOND + (uint64_t)ts.tv_nsec;
}

bool clock_try_again(uint64_t *began)
{
	const struct timespec pause = {.tv_nsec = 20 * (long)CLOCK_MS};

	if (*began == 0)
		*began = clock_now();
	if (clock_now() - *began > CLOCK_SECOND)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

uint64_t clock_from_seconds(double seconds)
{
	return seconds <= 0 ? 0 : (uint64_t)(seconds * 1e9 + 0.5);
}

double clock_to_seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

char *clock_text(char buf[CLOCK_TEXT])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return clock_text_at(buf, now);
}

char *clock_text_at(char buf[CLOCK_TEXT], struct timespec when)
{
	struct tm tm;
	size_t n;

	gmtime_r(&when.tv_sec, &tm);
	n = strftime(buf, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, CLOCK_TEXT - n, ".%03ldZ", when.tv_nsec / 1000000);
	return buf;
}

double clock_seconds(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

time_t clock_to_time(double seconds)
{
	const bool wide = sizeof(time_t) > sizeof(int32_t);
	const double first = wide ? CLOCK_TEXT_FIRST : INT32_MIN;
	const double last = wide ? CLOCK_TEXT_LAST : INT32_MAX;

	return isnan(seconds) ? 0 : (time_t)floor(fmax(first, fmin(seconds, last)));
}

char *clock_text_of(char buf[CLOCK_TEXT], double seconds)
{
	struct timespec when = {.tv_sec = clock_to_time(seconds)};
	double fraction = seconds - (double)when.tv_sec;

	if (fraction >= 0 && fraction < 1) /* else the time was limited */
		when.tv_nsec = (long)(fraction * 1e9);
	return clock_text_at(buf, when);
}

/* --- the boot time ---------------------------------------------------------------------------- */

static _Atomic double earliest = INFINITY, followed = INFINITY;

double clock_boot_time(void)
{
	double up = clock_seconds(CLOCK_BOOTTIME);

	clock_inherit_boot_time(clock_seconds(CLOCK_REALTIME) - up, up);
	return earliest;
}

double clock_tracked_since(void)
{
	clock_boot_time();
	return followed;
}

static void lower(_Atomic double *least, double value)
{
	double known = *least;

	while (value < known && !atomic_compare_exchange_weak(least, &known, value))
		;
}

void clock_inherit_boot_time(double when, double since)
{
	lower(&earliest, when);
	lower(&followed, since);
}
