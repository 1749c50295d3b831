/*
 * detail: the details of one daemon on the status page.
 */
#ifndef DETAIL_H
#define DETAIL_H

#include <jansson.h>

#include <vigil/vigil.h>

struct evbuffer;

/* Writes the table row that follows the row of the daemon: the long text, the last 24 hours, the
 * decision, the last error, how the daemon runs, its history, plots and values.  account: the value
 * at /runs/NAME. */
void detail_put(struct evbuffer *out, vigil_daemon *d, const char *name, const json_t *account);

#endif
