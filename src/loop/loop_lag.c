/*
 * loop_lag: measures how late timers fire.
 *
 * When a callback blocks the loop, the timers that become due in that time fire late.  So the lag
 * can be measured at the existing timers.  It needs no timer of its own, which would wake an idle
 * host.
 */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/loop_internal.h"

#define LAG_SLOT (10 * CLOCK_SECOND)

static unsigned lag_bucket(uint64_t late)
{
	double quarter = 4.0 * log2((double)late / 1e3 + 1.0);

	return quarter >= LAG_BUCKETS ? LAG_BUCKETS - 1 : (unsigned)quarter;
}

/* Clears the histograms that are older than a minute. */
static void lag_turn(struct lag *lag, uint64_t now)
{
	uint64_t slot = now / LAG_SLOT;

	if (slot - lag->slot >= LAG_SLOTS)
		memset(lag->counts, 0, sizeof(lag->counts));
	else
		for (uint64_t i = lag->slot + 1; i <= slot; i++)
			memset(lag->counts[i % LAG_SLOTS], 0, sizeof(lag->counts[0]));
	lag->slot = slot;
}

void lag_note(struct lag *lag, uint64_t now, uint64_t late)
{
	lag_turn(lag, now);
	lag->counts[lag->slot % LAG_SLOTS][lag_bucket(late)]++;
	lag->last = clock_to_seconds(late);
	if (lag->last > lag->max)
		lag->max = lag->last;
}

/* Returns the upper bound of the bucket that contains the 99th percentile, in seconds, but not more
 * than the maximum. */
static double lag_p99(const struct lag *lag)
{
	uint64_t total = 0, above = 0;
	unsigned b;

	for (unsigned s = 0; s < LAG_SLOTS; s++)
		for (b = 0; b < LAG_BUCKETS; b++)
			total += lag->counts[s][b];
	if (total == 0)
		return 0;
	for (b = LAG_BUCKETS; b-- > 0;) {
		for (unsigned s = 0; s < LAG_SLOTS; s++)
			above += lag->counts[s][b];
		if (above * 100 > total)
			break;
	}
	return fmin((exp2((b + 1) / 4.0) - 1.0) / 1e6, lag->max);
}

void loop_lag(struct loop *loop, struct loop_lag *lag)
{
	lag_turn(&loop->lag, clock_now());
	lag->last = loop->lag.last;
	lag->max = loop->lag.max;
	lag->p99 = lag_p99(&loop->lag);
}
