/*
 * range: thresholds in the range format of Nagios plugins, for options and for vigil_range_read.
 */
#ifndef RANGE_H
#define RANGE_H

#include <stdbool.h>

#include <vigil/vigil.h>

/* Returns 0, or -EINVAL if the text is not a range. */
int range_parse(const char *text, vigil_range *range);
bool range_equal(const vigil_range *a, const vigil_range *b);

#endif
