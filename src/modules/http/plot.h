/*
 * plot: numbers that a daemon keeps over time.
 */
#ifndef PLOT_H
#define PLOT_H

#include <vigil/vigil.h>

struct evbuffer;

/*
 * Writes a <figure> for every object below /daemons/NAME that has a `ring`: an array of numbers,
 * the oldest first, null where there is none.  `ring_seconds` beside it is the time between two of
 * them and `unit` their unit; where there is no `unit`, the one beside the value that `source`
 * points to is used.
 */
void plot_put_all(struct evbuffer *out, vigil_daemon *d, const char *daemon);

#endif
