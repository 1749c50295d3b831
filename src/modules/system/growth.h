/*
 * growth: how fast a disk fills up, and when it will be full at that rate.
 *
 * The rate is the median of the slopes between all pairs of readings of some hours (the estimator
 * of Theil and Sen), which single jumps do not affect. It counts only if the last hour agrees.
 */
#ifndef GROWTH_H
#define GROWTH_H

#include <stdbool.h>
#include <stddef.h>

#define GROWTH_STEP     600.0 /* seconds between two readings */
#define GROWTH_POINTS   18    /* readings: three hours */
#define GROWTH_RECENT   6     /* the last hour */
#define GROWTH_AT_LEAST 7     /* readings that a rate needs: one hour */

struct growth {
	double times[GROWTH_POINTS], used[GROWTH_POINTS]; /* seconds, bytes; the oldest first */
	size_t count;
};

/* Adds a reading if the last one is old enough. A time that is far from the last one, because
 * vigild did not run, begins a new series. Returns whether the reading was added. */
bool growth_add(struct growth *growth, double time, double used);
/* Returns bytes a second; 0: the disk does not grow steadily, or too little is known. */
double growth_rate(const struct growth *growth);
/* Returns the seconds until the available bytes are used; INFINITY: the disk does not grow. */
double growth_until_full(const struct growth *growth, double available);

#endif
