/*
 * nagios: parses the output of a plugin according to the Nagios plugin guidelines.
 *
 *    TEXT | PERFDATA
 *    LONG TEXT, any number of lines
 *    its last line | PERFDATA
 *    PERFDATA, any number of lines
 */
#ifndef NAGIOS_H
#define NAGIOS_H

#include <stddef.h>

#include "perfdata.h"

struct nagios {
	char *output;      /* the first line; never NULL */
	char *long_output; /* the other lines, separated by newlines; never NULL */
	struct perfdata perfdata;
};

/* Parses `length` bytes of text, in which NUL bytes count as blanks. Both texts of the result are
 * sanitized by vigil_sanitize_lines. Returns 0 or -ENOMEM. The caller frees the result with
 * nagios_clear. */
int nagios_parse(const char *text, size_t length, struct nagios *parsed);
/* Does the same without performance data: '|' is an ordinary character. */
int nagios_parse_text(const char *text, size_t length, struct nagios *parsed);
void nagios_clear(struct nagios *parsed);

#endif
