/*
 * good: the neighbour.  It counts its ticks, and compares the number with the one in the state.
 *
 * A tick is lost if it comes more than an interval late, without the time for which the thread has
 * waited for a processor, because on a busy machine a gap mostly comes from that.
 */
#include "abuse.h"

#define INTERVAL 0.5

static long values, ticks;
static double last, last_waited;

/* The second number of schedstat is this time in nanoseconds, for the first thread. */
static double waited(void)
{
	FILE *file = fopen("/proc/self/schedstat", "re");
	unsigned long long ns = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%*u %llu", &ns) != 1)
		ns = 0;
	fclose(file);
	return (double)ns / 1e9;
}

static void count_late(void)
{
	double now = vigil_now(), wait = waited();

	if (last > 0 && now - last - (wait - last_waited) > 2 * INTERVAL)
		ticks++;
	last = now;
	last_waited = wait;
}

static void tick(vigil_daemon *d, void *arg)
{
	json_int_t n = json_integer_value(vigil_state_get(d, "n"));

	count_late();
	if (n != (intptr_t)vigil_data(d))
		values++;
	vigil_set_data(d, (void *)(intptr_t)(n + 1));
	vigil_state_set(d, "n", json_integer(n + 1));
	vigil_state_set(d, "lost_values", json_integer(values));
	vigil_state_set(d, "lost_ticks", json_integer(ticks));
	vigil_health(d, VIGIL_OK, "it counts");
}

static int start(vigil_daemon *d)
{
	return vigil_every(d, INTERVAL, tick, NULL);
}

VIGIL_MODULE(.name = "good", .summary = "counts its ticks", .start = start);
