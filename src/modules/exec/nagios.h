/*
 * nagios: what a plugin prints, taken apart by the Nagios plugin guidelines.
 *
 *   TEXT | PERFDATA
 *   LONG TEXT, any number of lines
 *   its last line | PERFDATA
 *   PERFDATA, any number of lines
 */
#ifndef NAGIOS_H
#define NAGIOS_H

#include <stddef.h>

#include <jansson.h>

#define NAGIOS_VALUES_MAX 1024 /* performance data kept of one run */

struct nagios {
	char *output;      /* the first line; never NULL */
	char *long_output; /* the others, parted by ends of line; never NULL */
	json_t *perfdata;  /* an object by label */
	unsigned refused;  /* items of performance data that could not be read */
	/* Thresholds, minima and maxima that could not be read; their values are kept. */
	unsigned limits_refused;
	char first[64]; /* the beginning of the first such text, clean; "": there was none */
};

/* Both texts come out clean, as vigil_clean makes them.  text: NUL-terminated; what it is
 * called with may hold NULs within.  0, or -ENOMEM. */
int nagios_parse(const char *text, size_t length, struct nagios *parsed);
/* The same without performance data: '|' is a sign like any other. */
int nagios_parse_text(const char *text, size_t length, struct nagios *parsed);
void nagios_clear(struct nagios *parsed);

#endif
