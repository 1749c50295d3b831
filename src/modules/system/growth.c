/* growth: see growth.h. */
#include "growth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A gap of so many steps begins a new series. */
#define GAP 3.0
/* Parts of the slopes between all pairs that must be positive. */
#define STEADY 0.8

bool growth_add(struct growth *growth, double time, double used)
{
	double step = growth->count > 0 ? time - growth->times[growth->count - 1] : GROWTH_STEP;

	if (step >= 0 && step < GROWTH_STEP)
		return false;
	if (step < 0 || step > GAP * GROWTH_STEP)
		growth->count = 0;
	if (growth->count == GROWTH_POINTS) {
		growth->count--;
		memmove(growth->times, growth->times + 1, growth->count * sizeof(*growth->times));
		memmove(growth->used, growth->used + 1, growth->count * sizeof(*growth->used));
	}
	growth->times[growth->count] = time;
	growth->used[growth->count++] = used;
	return true;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Returns the median slope of the readings from `first` on. *steady: nearly all slopes are
 * positive. */
static double median_slope(const struct growth *g, size_t first, bool *steady)
{
	double slopes[GROWTH_POINTS * (GROWTH_POINTS - 1) / 2];
	size_t count = 0, positive = 0;

	for (size_t i = first; i < g->count; i++)
		for (size_t k = i + 1; k < g->count; k++) {
			slopes[count] = (g->used[k] - g->used[i]) / (g->times[k] - g->times[i]);
			positive += slopes[count++] > 0;
		}
	*steady = count > 0 && (double)positive >= STEADY * (double)count;
	if (count == 0)
		return 0;
	qsort(slopes, count, sizeof(*slopes), by_value);
	return count % 2 == 1 ? slopes[count / 2] : (slopes[count / 2 - 1] + slopes[count / 2]) / 2;
}

double growth_rate(const struct growth *growth)
{
	double whole, recent;
	bool whole_steady, recent_steady;

	if (growth->count < GROWTH_AT_LEAST)
		return 0;
	whole = median_slope(growth, 0, &whole_steady);
	recent = median_slope(growth, growth->count - GROWTH_RECENT, &recent_steady);
	if (!whole_steady || !recent_steady)
		return 0;
	return fmax(0, fmin(whole, recent));
}

double growth_until_full(const struct growth *growth, double available)
{
	double rate = growth_rate(growth);

	return rate > 0 ? available / rate : INFINITY;
}
