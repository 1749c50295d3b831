/*
 * tick: a module for benchmarks that does very little, so that the benchmark measures the host: it
 * has five values of state and a timer whose callback counts.
 *
 * Timers whose interval is a multiple of a tenth of a second are due at a tenth, so a callback is
 * as late as the time since the last tenth. The first call of each timer does not count, because
 * all the daemons start then. The 99th percentile is logged when the first daemon stops.
 */
#include <math.h>

#include <vigil/vigil.h>

#define LATE 100000 /* the microseconds that are counted */

static unsigned long fires, late[LATE];

static void on_tick(vigil_daemon *d, void *arg)
{
	uint64_t *count = arg;

	if ((*count)++ == 0)
		return;
	late[(unsigned long)(fmod(vigil_now(), 0.1) * 1e6) % LATE]++;
	fires++;
}

static void stop(vigil_daemon *d)
{
	unsigned long above = 0;
	unsigned us = LATE;

	while (fires > 0 && us-- > 0 && (above += late[us]) * 100 <= fires)
		continue;
	if (fires > 0)
		vigil_log(d, VIGIL_NOTICE, "late p99 %u us", us);
	fires = 0;
}

static int start(vigil_daemon *d)
{
	static const char *const paths[] = {"a", "b", "c", "d", "e"};
	uint64_t *count = vigil_alloc(d, sizeof(*count));

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		vigil_state_set(d, paths[i], json_integer((json_int_t)i));
	return vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, count);
}

static const vigil_option options[] = {
	VIGIL_OPTION("interval", VIGIL_DURATION, "5s", "time between two ticks", .min = 0.01,
		.max = 86400),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "tick", .summary = "ticks, for benchmarks", .options = options, .start = start,
	.stop = stop);
