/*
 * range: thresholds as Nagios plugins have them.
 *
 *   10      outside 0 to 10       10:     below 10        ~:10    above 10
 *   10:20   outside 10 to 20      @10:20  inside 10 to 20, the ends included
 */
#ifndef RANGE_H
#define RANGE_H

#include <stdbool.h>

struct range {
	double start, end; /* either may be infinite */
	bool inside;       /* what lies within is what is wrong */
};

/* 0, or -EINVAL. */
int range_parse(const char *text, struct range *range);
/* Whether the value is one to be alerted to. */
bool range_alerts(const struct range *range, double value);

#endif
