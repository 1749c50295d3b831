/*
 * plan_show: prints the effective configuration.
 */
#ifndef PLAN_SHOW_H
#define PLAN_SHOW_H

#include <stdio.h>

#include "host/plan.h"

/* Prints each value of a strict plan with the place that it comes from, in the format of
 * vigil.conf. Secrets are not printed. */
void plan_show(const struct plan *plan, FILE *to);

#endif
