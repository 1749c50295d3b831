/*
 * options: the configuration options of a service.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <vigil/vigil.h>

extern const vigil_option service_options[];

/* Parses a rate such as "3/10m" (3 times in 10 minutes). "0" means no limit and sets count to 0.
 * Returns 0 or -EINVAL. */
int options_rate(const char *text, unsigned *count, double *seconds);

#endif
