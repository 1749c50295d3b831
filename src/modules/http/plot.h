/*
 * plot: plots the series of numbers that a daemon keeps in the state.
 */
#ifndef PLOT_H
#define PLOT_H

#include <vigil/vigil.h>

struct evbuffer;

/*
 * Writes a <figure> for each object below /daemons/NAME that has a `ring`, up to 12.  A ring is an
 * array of numbers, the oldest first, with null for a missing number; it is skipped if it has fewer
 * than two numbers.  The same object has `ring_seconds`, the time between two numbers, and `unit`.
 * Without `unit`, the unit is taken from the object that contains the value that `source` points
 * to.
 */
void plot_put_all(struct evbuffer *out, vigil_daemon *d, const char *daemon);

#endif
