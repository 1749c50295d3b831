/*
 * phase: points in time that depend on names, so that the hosts of a large site neither send at the
 * same time nor return at the same time to a master that was away.
 */
#ifndef PHASE_H
#define PHASE_H

/* Returns the phase of an object of the host, from 0 to below 1. */
double phase_of(const char *host, const char *name);
/* Returns the seconds until the next attempt to reach the master after so many earlier failures.
 * The delay is 1 s at first, doubles with each failure and is at most max.  The host and the number
 * of failures choose a point in its second half. */
double phase_retry(const char *host, unsigned failures, double max);

#endif
