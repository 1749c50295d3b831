/*
 * options: the configuration options of a service.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <vigil/vigil.h>

extern const vigil_option service_options[];

/* As vigil_rate_read, but 1 to RECENT_MAX - 1 times in 1 s to 1 day, or "0". After -EINVAL, count is
 * 0. */
int options_rate(const char *text, unsigned *count, double *seconds);

#endif
