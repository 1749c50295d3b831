/*
 * values: the values that a daemon keeps, as a table.
 */
#ifndef VALUES_H
#define VALUES_H

#include <vigil/vigil.h>

struct evbuffer;

/* Writes a section with what is below /daemons/NAME, or nothing where there is nothing to show. */
void values_put(struct evbuffer *out, vigil_daemon *d, const char *daemon);

#endif
