/*
 * series: the last samples of one number, at even steps, and what they come to.
 *
 * A step without a sample is a gap: it counts for nothing, and is shown as one.
 */
#ifndef SERIES_H
#define SERIES_H

#include <stdbool.h>
#include <stddef.h>

struct series {
	double *samples; /* NAN: a gap; a ring of so much room */
	size_t room, count, next;
};

struct summary {
	size_t samples; /* 0: the rest means nothing */
	double min, max, mean;
};

/* samples: room for so many, the caller's. */
void series_init(struct series *series, double *samples, size_t room);
/* NAN: a gap. */
void series_push(struct series *series, double sample);
/* What the last so many steps come to. */
struct summary series_summary(const struct series *series, size_t steps);
/* The means of so many points, each of `each` steps, the oldest first; NAN where there was none.
 * Points keep their place: only the last one is still being filled.  Returns how many. */
size_t series_points(const struct series *series, size_t each, double *points, size_t most);

#endif
