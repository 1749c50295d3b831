/*
 * metronome: a module that ticks once a second and appends the time of each tick to a file.
 *
 * The time is taken in the tick itself, so that a gap between two lines is a gap of vigild and not
 * of a program that it starts.  The second number of a line is the seconds for which the loop
 * thread has waited for a processor so far, because on a busy machine a gap mostly comes from that;
 * it is 0 if the kernel does not report it.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <vigil/vigil.h>

/* The second number of schedstat is this time in nanoseconds, for the first thread. */
static double waited(void)
{
	FILE *file = fopen("/proc/self/schedstat", "re");
	unsigned long long waited = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%*u %llu", &waited) != 1)
		waited = 0;
	fclose(file);
	return (double)waited / 1e9;
}

static void on_tick(vigil_daemon *d, void *arg)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(arg, "%lld.%03ld %.3f\n", (long long)now.tv_sec, now.tv_nsec / 1000000, waited());
}

static int start(vigil_daemon *d)
{
	FILE *file = fopen(vigil_option_text(d, "file"), "ae");

	if (file == NULL)
		return -errno;
	setvbuf(file, NULL, _IOLBF, 0);
	vigil_set_data(d, file);
	return vigil_every(d, 1, on_tick, file);
}

static void stop(vigil_daemon *d)
{
	fclose(vigil_data(d));
}

static const vigil_option options[] = {
	VIGIL_OPTION(
		"file", VIGIL_TEXT, NULL, "where the times are written", .flags = VIGIL_REQUIRED),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "metronome", .summary = "writes when it ticks", .options = options,
	.start = start, .stop = stop);
