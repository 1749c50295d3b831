/*
 * detail: what the page shows of a daemon whose row is opened.
 */
#ifndef DETAIL_H
#define DETAIL_H

#include <jansson.h>

#include <vigil/vigil.h>

struct evbuffer;

/* Writes the row that follows the daemon's own: the long text, what was decided, the last error, how
 * it runs, its values, plots and history.  account: what is at /runs/NAME. */
void detail_put(struct evbuffer *out, vigil_daemon *d, const char *name, const json_t *account);

#endif
