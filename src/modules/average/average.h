/* average: what the files of the module share. */
#ifndef AVERAGE_H
#define AVERAGE_H

#include "series.h"
#include <vigil/vigil.h>

#define SOURCES_MAX 64
#define WINDOWS_MAX 8
#define LABEL_MAX   128

struct source {
	char label[LABEL_MAX];
	const char *pointer;
	double now; /* the last sample; NAN: there was no current number */
	bool stale; /* the number was stale */
	struct series series;
};

struct window {
	const char *name;
	size_t steps;
};

struct average {
	vigil_daemon *d;
	double interval, put_by, ticked;
	size_t each, points; /* steps per point; maximum number of points */
	struct source sources[SOURCES_MAX];
	size_t count;
	struct window windows[WINDOWS_MAX];
	size_t window_count, tested; /* tested: index of the window to which the thresholds apply */
	bool has_warning, has_critical;
	vigil_range warning, critical;
};

/* Reads the options and stores the longest window in seconds. Reports every invalid option with
 * vigil_diagnose. Returns 0 or -EINVAL. */
int average_read_options(struct average *a, double *longest);

#endif
