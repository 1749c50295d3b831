/*
 * metrics: the numbers in the state, for Prometheus.
 */
#ifndef METRICS_H
#define METRICS_H

#include "server.h"

void metrics_reply(const struct request *request);

#endif
