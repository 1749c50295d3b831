/* clock: the two clocks.  Monotonic nanoseconds for intervals, wall time for people. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND UINT64_C(1000000000)
#define CLOCK_MS     UINT64_C(1000000)

/* Nanoseconds since boot, without suspends; never goes back.  Any thread. */
uint64_t clock_now(void);

/* A vigild that was killed while it started a program leaves its locks and sockets to that process, which
 * keeps them until it executes the program.  So whoever finds one held asks again: this sleeps 20 ms
 * and returns true, until a second has passed since the first call, before which *began is 0.  Only
 * before the loop runs. */
bool clock_try_again(uint64_t *began);

/* Seconds (0 to about 580 years) as nanoseconds, and back. */
uint64_t clock_from_seconds(double seconds);
double clock_to_seconds(uint64_t ns);

/* What a clock of the kernel's says, for what it counts on no other: the time of day, since 1970;
 * since boot, suspends included. */
double clock_seconds(clockid_t clock);

#define CLOCK_TEXT 32 /* room for "2026-01-31T12:34:56.789Z" and its NUL */

/* The time of day, as RFC 3339 in UTC with milliseconds, into buf; returns buf. */
char *clock_text(char buf[CLOCK_TEXT]);
/* Likewise for a given time. */
char *clock_text_at(char buf[CLOCK_TEXT], struct timespec when);

/* When this boot began by the wall clock, seconds since 1970.  Whoever sets the clock moves that: it
 * is the earliest that the clock has told, here or, by clock_inherit_boot_time, to a process before in
 * the same boot.  So what was dated before the clock was set forward does not look older than the
 * processes of its time.  Any thread. */
double clock_boot_time(void);
/* Since when that is known, seconds since boot: who set the clock before then was not seen. */
double clock_tracked_since(void);
/* What a process before knew of both. */
void clock_inherit_boot_time(double when, double since);

#endif
