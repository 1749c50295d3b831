/*
 * plot: numbers that a daemon keeps over time.
 */
#ifndef PLOT_H
#define PLOT_H

#include <jansson.h>

#include <vigil/vigil.h>

/* Every object below the daemon's place that has a `ring`, an array of numbers, oldest first: as
 * an array of {label, last, low, high, points}, the points those of a polyline of 240 by 56. */
json_t *plot_list(vigil_daemon *d, const char *daemon);

#endif
