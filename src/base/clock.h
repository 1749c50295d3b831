/* clock: monotonic nanoseconds for intervals, wall-clock time for people. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND UINT64_C(1000000000)
#define CLOCK_MS     UINT64_C(1000000)

/* Returns the nanoseconds since boot, without suspends.  The value never decreases.  Any thread. */
uint64_t clock_now(void);

/* For a lock or socket that is in use at the start of vigild.  If vigild is killed while it starts
 * a program, the process that it has forked holds vigild's locks and sockets until it executes the
 * program.  Therefore the caller tries again as long as this function returns true.  The function
 * sleeps for 20 ms and returns true, until one second has passed since the first call; then it
 * returns false.  *began must be 0 before the first call.  Call it only before the loop runs,
 * because it sleeps. */
bool clock_try_again(uint64_t *began);

/* Converts seconds (0 to about 580 years) to nanoseconds, and back. */
uint64_t clock_from_seconds(double seconds);
double clock_to_seconds(uint64_t ns);

/* Returns the time of a kernel clock in seconds: CLOCK_REALTIME since 1970, CLOCK_BOOTTIME since
 * boot with suspends. */
double clock_seconds(clockid_t clock);
/* Converts seconds since 1970 to a time_t, rounded down, within the years 1 to 9999 and within what
 * a time_t can hold: one of 32 bits ends in 2038.  NaN becomes 0. */
time_t clock_to_time(double seconds);

#define CLOCK_TEXT 32 /* room for "2026-01-31T12:34:56.789Z" and its NUL */
/* A time has a text form from the beginning of the year 1 to the end of the year 9999. */
#define CLOCK_TEXT_FIRST -62135596800.0
#define CLOCK_TEXT_LAST  253402300799.0

/* Writes the time of day to buf, in the format of RFC 3339, in UTC, with milliseconds.  Returns
 * buf. */
char *clock_text(char buf[CLOCK_TEXT]);
/* The same for a given time, and for one in seconds since 1970, which clock_to_time limits. */
char *clock_text_at(char buf[CLOCK_TEXT], struct timespec when);
char *clock_text_of(char buf[CLOCK_TEXT], double seconds);

/* Returns the boot time by the wall clock, in seconds since 1970.  Setting the clock changes that
 * time, so this function returns the earliest boot time that the clock has shown in this process
 * or, by clock_inherit_boot_time, in an earlier process of the same boot.  Therefore a file that
 * was dated before the clock was set forward does not look older than the processes of that time.
 * Any thread. */
double clock_boot_time(void);
/* Returns the time, in seconds since boot, at which vigild first read the clocks in this boot.
 * vigild does not detect a change of the clock before that time. */
double clock_tracked_since(void);
/* Passes both values of an earlier process of the same boot: its boot time, and its
 * clock_tracked_since. */
void clock_inherit_boot_time(double when, double since);

#endif
