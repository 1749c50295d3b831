/*
 * nagios: splits what a plugin prints by the Nagios plugin guidelines.
 *
 *   TEXT | PERFDATA
 *   LONG TEXT, any number of lines
 *   its last line | PERFDATA
 *   PERFDATA, any number of lines
 */
#ifndef NAGIOS_H
#define NAGIOS_H

#include <stddef.h>

#include "perfdata.h"

struct nagios {
	char *output;      /* the first line; never NULL */
	char *long_output; /* the others, separated by newlines; never NULL */
	struct perfdata perfdata;
};

/* Both texts come out clean, as vigil_sanitize_lines makes them.  text: NUL-terminated; what it is
 * called with may hold NULs within.  0, or -ENOMEM. */
int nagios_parse(const char *text, size_t length, struct nagios *parsed);
/* The same without performance data: '|' is a sign like any other. */
int nagios_parse_text(const char *text, size_t length, struct nagios *parsed);
void nagios_clear(struct nagios *parsed);

#endif
