/*
 * metrics: the numbers of the state for Prometheus.
 */
#ifndef METRICS_H
#define METRICS_H

#include "site.h"

void metrics_reply(const struct visit *visit);

#endif
