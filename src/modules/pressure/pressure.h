/*
 * pressure: parses the files below /proc/pressure (PSI): how much of the time tasks had to wait for
 * CPU, memory or I/O.
 *
 * The function is pure. It returns NULL, or a reason as the functions of proc.h do.
 */
#ifndef PRESSURE_H
#define PRESSURE_H

#include <stdbool.h>

struct pressure_share { /* percent of the last 10, 60 and 300 seconds */
	double avg10, avg60, avg300;
};
struct pressure {
	struct pressure_share some, full; /* some tasks waited; all of them did */
	bool has_full;                    /* cpu has no `full` before Linux 5.13 */
};
const char *pressure_parse(const char *text, struct pressure *pressure);

#endif
