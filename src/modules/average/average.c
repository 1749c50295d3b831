/*
 * average: statistics of numbers in the state over time: minimum, maximum and mean over several
 * windows, and a ring of points for a plot.
 *
 * Each interval takes one sample of each source. All samples of the longest window are kept in
 * memory. The memory that they need is known at the start, and the start fails if it is more than
 * memory_max. The samples are saved once a minute and at stop, so that a restart of vigild only
 * causes a gap. Within one boot, the length of the gap is computed from the time since boot, which
 * cannot be set; after a reboot only the time of day is available.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "average.h"

#define PUT_BY 60.0

/* --- saved samples ---------------------------------------------------------------------------- */

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* Copies the kernel's ID of this boot; "": it cannot be read. */
static void name_boot(char *name, size_t size)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (file == NULL || fgets(name, (int)size, file) == NULL)
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	if (file != NULL)
		fclose(file);
}

static double now_by(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void put_by(struct average *a)
{
	json_t *kept = json_object();
	char boot[64];

	name_boot(boot, sizeof(boot));
	for (size_t i = 0; i < a->count; i++) {
		const struct series *s = &a->sources[i].series;
		json_t *list = json_array();

		for (size_t k = s->next - s->count; k < s->next; k++)
			json_array_append_new(list, number_or_null(s->samples[k % s->room]));
		json_object_set_new(kept, a->sources[i].pointer, list);
	}
	vigil_state_set(a->d, "kept",
		json_pack("{s:f,s:s,s:f,s:f,s:o}", "time", now_by(CLOCK_REALTIME), "boot", boot,
			"up", now_by(CLOCK_BOOTTIME), "interval", a->interval, "samples", kept));
	a->put_by = vigil_now();
}

/* Returns the age of the saved samples in seconds. If the time of day was set back, the age is 0.
 * The time since boot cannot be set, so a saved time in the future is damage, and the age is
 * INFINITY (not known). */
static double age_of(const json_t *kept)
{
	const char *named = json_string_value(json_object_get(kept, "boot"));
	const json_t *up = json_object_get(kept, "up"), *time = json_object_get(kept, "time");
	double age;
	char boot[64];

	name_boot(boot, sizeof(boot));
	if (named != NULL && boot[0] != '\0' && strcmp(named, boot) == 0) {
		age = now_by(CLOCK_BOOTTIME) - json_number_value(up);
		return json_is_number(up) && age >= 0 ? age : INFINITY;
	}
	age = now_by(CLOCK_REALTIME) - json_number_value(time);
	return json_is_number(time) ? fmax(0, age) : INFINITY;
}

/* Loads the saved samples and adds the time since then as a gap. */
static void load_samples(struct average *a)
{
	const json_t *kept = vigil_state_get(a->d, "kept"), *samples, *list;
	size_t gap, index;
	json_t *sample;

	if (kept == NULL || json_number_value(json_object_get(kept, "interval")) != a->interval)
		return;
	samples = json_object_get(kept, "samples");
	gap = (size_t)fmin(age_of(kept) / a->interval, (double)a->sources[0].series.room);
	for (size_t i = 0; i < a->count; i++) {
		list = json_object_get(samples, a->sources[i].pointer);
		json_array_foreach(list, index, sample)
			series_push(&a->sources[i].series,
				json_is_number(sample) ? json_number_value(sample) : NAN);
		for (size_t k = 0; json_array_size(list) > 0 && k < gap; k++)
			series_push(&a->sources[i].series, NAN);
	}
}

/* --- a tick ----------------------------------------------------------------------------------- */

static json_t *summary_of(const struct summary *sum)
{
	json_t *object = json_pack("{s:I}", "samples", (json_int_t)sum->samples);

	if (sum->samples > 0) {
		json_object_set_new(object, "min", json_real(sum->min));
		json_object_set_new(object, "max", json_real(sum->max));
		json_object_set_new(object, "mean", json_real(sum->mean));
	}
	return object;
}

static json_t *ring_of(const struct average *a, const struct series *s)
{
	double *points = calloc(a->points, sizeof(*points));
	size_t n = points != NULL ? series_points(s, a->each, points, a->points) : 0;
	json_t *ring = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(ring, number_or_null(points[i]));
	free(points);
	return ring;
}

static void write_source(struct average *a, const struct source *source, double now)
{
	json_t *windows = json_object();
	char path[LABEL_MAX + 16];

	for (size_t i = 0; i < a->window_count; i++) {
		struct summary sum = series_summary(&source->series, a->windows[i].steps);

		json_object_set_new(windows, a->windows[i].name, summary_of(&sum));
	}
	snprintf(path, sizeof(path), "values/%s", source->label);
	vigil_state_set(a->d, path,
		json_pack("{s:s,s:o,s:o,s:f,s:o,s:o*}", "source", source->pointer, "last",
			number_or_null(now), "windows", windows, "ring_seconds",
			a->interval * (double)a->each, "ring", ring_of(a, &source->series), "stale",
			isnan(source->now) ? json_true() : NULL));
}

static void mark_stale(vigil_daemon *d, bool stale)
{
	if (stale)
		vigil_state_set(d, "stale", json_true());
	else
		vigil_state_unset(d, "stale");
}

/* Reports the worst level of all sources. A source without a current number counts as unknown. */
static void report_health(struct average *a)
{
	vigil_health_level level = VIGIL_OK;
	const struct source *worst = NULL, *unknown = NULL;
	double mean = 0;
	size_t gaps = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct source *source = &a->sources[i];
		struct summary sum = series_summary(&source->series, a->windows[a->tested].steps);
		vigil_health_level its = VIGIL_OK;

		if (sum.samples == 0 || isnan(source->now)) {
			unknown = unknown != NULL ? unknown : source;
			gaps++;
		} else if (a->has_critical && vigil_range_alerts(&a->critical, sum.mean)) {
			its = VIGIL_CRITICAL;
		} else if (a->has_warning && vigil_range_alerts(&a->warning, sum.mean)) {
			its = VIGIL_WARNING;
		}
		if (its > level) {
			level = its;
			worst = source;
			mean = sum.mean;
		}
	}
	mark_stale(a->d, gaps == a->count);
	if (worst != NULL)
		vigil_health(a->d, level, "%s was %.6g on average over %s", worst->label, mean,
			a->windows[a->tested].name);
	else if (gaps > 0)
		vigil_health(a->d, VIGIL_UNKNOWN,
			"%zu of %zu sources have no current number: %s %s", gaps, a->count,
			unknown->pointer, unknown->stale ? "is stale" : "has no number");
	else
		vigil_health(a->d, VIGIL_OK, "%zu source%s within the limits", a->count,
			a->count == 1 ? "" : "s");
}

/* Takes one sample. A stale number is not a sample. */
static void sample(vigil_daemon *d, struct source *source)
{
	const json_t *value = vigil_state_get(d, source->pointer);

	source->now = json_is_number(value) ? json_number_value(value) : NAN;
	source->stale = !isnan(source->now) && vigil_state_stale(d, source->pointer);
	if (source->stale)
		source->now = NAN;
}

/* Returns the number of steps without a sample since the last tick, because the machine or vigild
 * did not run. */
static size_t missed_steps(const struct average *a, double now)
{
	double steps = a->ticked > 0 ? round((now - a->ticked) / a->interval) - 1 : 0;

	return (size_t)fmin(fmax(steps, 0), (double)a->sources[0].series.room);
}

static void on_tick(vigil_daemon *d, void *arg)
{
	struct average *a = arg;
	double now = now_by(CLOCK_BOOTTIME); /* goes on during a suspend */
	size_t missed = missed_steps(a, now);

	a->ticked = now;
	for (size_t i = 0; i < a->count; i++) {
		struct source *source = &a->sources[i];

		sample(d, source);
		for (size_t k = 0; k < missed; k++)
			series_push(&source->series, NAN);
		series_push(&source->series, source->now);
		write_source(a, source, source->now);
	}
	report_health(a);
	if (vigil_now() - a->put_by >= PUT_BY)
		put_by(a);
}

/* --- start and stop --------------------------------------------------------------------------- */

static struct average *average_new(vigil_daemon *d)
{
	struct average *a = vigil_alloc(d, sizeof(*a));

	a->d = d;
	a->interval = vigil_option_seconds(d, "interval");
	return a;
}

static int check(vigil_daemon *d)
{
	double longest = 0;

	return average_read_options(average_new(d), &longest);
}

static int make_room(struct average *a, double longest)
{
	size_t steps = (size_t)ceil(longest / a->interval);

	for (size_t i = 0; i < a->count; i++) {
		double *samples = vigil_alloc(a->d, steps * sizeof(*samples));

		if (samples == NULL)
			return -ENOMEM;
		series_init(&a->sources[i].series, samples, steps);
	}
	a->points = (size_t)vigil_option_int(a->d, "points");
	a->each = (steps + a->points - 1) / a->points;
	return 0;
}

static int start(vigil_daemon *d)
{
	struct average *a = average_new(d);
	double longest = 0;
	int err = average_read_options(a, &longest);

	if (err == 0)
		err = make_room(a, longest);
	if (err == 0)
		err = vigil_persist(d, "kept");
	if (err != 0)
		return err;
	load_samples(a);
	a->put_by = vigil_now();
	vigil_set_data(d, a);
	return vigil_every(d, a->interval, on_tick, a);
}

static void stop(vigil_daemon *d)
{
	struct average *a = vigil_data(d);

	if (a != NULL)
		put_by(a);
}

static const vigil_option options[] = {
	VIGIL_OPTION("source", VIGIL_LIST, NULL,
		"the addresses of numbers in the state, or LABEL=/address",
		.flags = VIGIL_REQUIRED),
	VIGIL_OPTION("interval", VIGIL_DURATION, "10s", "the time between two samples", .min = 0.05,
		.max = 86400),
	VIGIL_OPTION("windows", VIGIL_LIST, "1m, 5m, 15m",
		"the durations over which the statistics are computed"),
	VIGIL_OPTION("points", VIGIL_INT, "120", "the maximum number of points of the plot",
		.min = 2, .max = 1000),
	/* The samples are all read at each tick and written once a minute, so a much larger size
	 * would cost noticeable time. The default has room for one source with the shortest
	 * interval and the default windows. */
	VIGIL_OPTION("memory_max", VIGIL_SIZE, "160KiB", "the maximum size of all samples",
		.min = 1024, .max = 1048576),
	VIGIL_OPTION("warning", VIGIL_RANGE, NULL, "a range; WARNING if a mean is outside it"),
	VIGIL_OPTION("critical", VIGIL_RANGE, NULL, "a range; CRITICAL if a mean is outside it"),
	VIGIL_OPTION("window", VIGIL_TEXT, NULL,
		"the window whose means are compared with the ranges; unset: the first one"),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "average", .summary = "keeps numbers of the state over time",
	.options = options, .start = start, .stop = stop, .check = check);
