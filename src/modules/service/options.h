/*
 * options: what an admin may say of a service.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <vigil/vigil.h>

extern const vigil_option service_options[];

/* "3/10m": at most so many in so long; "0": no limit, and count is 0.  0, or -EINVAL. */
int options_rate(const char *text, unsigned *count, double *seconds);

#endif
