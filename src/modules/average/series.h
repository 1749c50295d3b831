/*
 * series: the last samples of one number at constant intervals, and statistics of them.
 *
 * A step without a sample is a gap. It is not counted in the statistics, and it is shown as a gap
 * in a plot.
 */
#ifndef SERIES_H
#define SERIES_H

#include <stddef.h>

struct series {
	double *samples; /* ring buffer of `room` elements; borrowed; NAN: a gap */
	size_t room, count, next;
};

struct summary {
	size_t samples; /* 0: the other members are not valid */
	double min, max, mean;
};

/* Initializes a series. samples has `room` elements and belongs to the caller. */
void series_init(struct series *series, double *samples, size_t room);
/* Adds one sample; NAN: a gap. */
void series_push(struct series *series, double sample);
/* Returns the statistics of the last `steps` steps. */
struct summary series_summary(const struct series *series, size_t steps);
/* Stores the means of at most `most` points, each of `each` steps, the oldest first; NAN: the point
 * has no sample. The limits of the points do not change with time: only the last point is still
 * being filled. Returns the number of points. */
size_t series_points(const struct series *series, size_t each, double *points, size_t most);

#endif
