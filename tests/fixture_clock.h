/*
 * fixture_clock: a time of day that the test sets.  Only CLOCK_REALTIME is changed, as by an admin.
 * The time zone is that of the test.
 */
#ifndef FIXTURE_CLOCK_H
#define FIXTURE_CLOCK_H

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/calendar.h"

static double clock_added; /* seconds */

/* Replaces the function of the C library in this program. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	int err = (int)syscall(SYS_clock_gettime, clock, now);
	double whole = floor(clock_added);

	if (err != 0 || clock != CLOCK_REALTIME)
		return err;
	now->tv_sec += (time_t)whole;
	now->tv_nsec += (long)((clock_added - whole) * 1e9);
	if (now->tv_nsec >= 1000000000) {
		now->tv_nsec -= 1000000000;
		now->tv_sec++;
	}
	return 0;
}

/* Sets the time of day: "2026-11-30 08:00:00", in UTC.  The second has just begun. */
static void set_clock(const char *text)
{
	struct timespec real;
	struct tm tm = {0};

	ck_assert_ptr_nonnull(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
	ck_assert_int_eq((int)syscall(SYS_clock_gettime, CLOCK_REALTIME, &real), 0);
	clock_added = (double)(timegm(&tm) - real.tv_sec) - (double)real.tv_nsec / 1e9;
}

static void set_zone(const char *zone)
{
	ck_assert_int_eq(setenv("TZ", zone, 1), 0);
}

#endif
