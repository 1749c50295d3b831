/*
 * values: shows the values that a daemon keeps in the state as a table.
 */
#ifndef VALUES_H
#define VALUES_H

#include <vigil/vigil.h>

struct evbuffer;

/* Writes a section with the values below /daemons/NAME.  Writes nothing if there is no value. */
void values_put(struct evbuffer *out, vigil_daemon *d, const char *daemon);

#endif
