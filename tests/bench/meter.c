/*
 * meter: a module for benchmarks.
 *
 * With work = lag it has a timer of 10 ms, and once a second it stores how late each call was,
 * in milliseconds, as the array `late`.  With work = changes it stores ten values each 10 ms,
 * which are 1,000 changes a second.  Each value is the time at which it was stored, in
 * microseconds of CLOCK_MONOTONIC, so that a client knows how long the change was on its way.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <vigil/vigil.h>

#define INTERVAL 0.01
#define VALUES   10

struct meter {
	double last; /* time of the previous call */
	json_t *late;
};

static void on_lag(vigil_daemon *d, void *arg)
{
	struct meter *meter = arg;
	double now = vigil_now(), late = fmax(0, now - meter->last - INTERVAL);

	if (meter->late == NULL)
		meter->late = json_array();
	if (meter->last > 0)
		json_array_append_new(meter->late, json_real(round(late * 1e6) / 1e3));
	meter->last = now;
	if (json_array_size(meter->late) < 100)
		return;
	vigil_state_set(d, "late", meter->late);
	meter->late = NULL;
}

static void on_changes(vigil_daemon *d, void *arg)
{
	struct timespec ts;
	char path[16];

	for (int i = 0; i < VALUES; i++) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		snprintf(path, sizeof(path), "v%d", i);
		vigil_state_set(
			d, path, json_integer((json_int_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000));
	}
}

static int start(vigil_daemon *d)
{
	bool lag = strcmp(vigil_option_text(d, "work"), "lag") == 0;

	return vigil_every(
		d, INTERVAL, lag ? on_lag : on_changes, vigil_alloc(d, sizeof(struct meter)));
}

static const vigil_option options[] = {
	VIGIL_OPTION("work", VIGIL_CHOICE, "lag", "what the timer does", .choices = "lag changes"),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "meter", .summary = "lag and changes, for benchmarks", .options = options,
	.start = start);
