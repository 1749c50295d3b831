/*
 * names: the names of all daemons, for replies that read the accounts at /runs one at a time.
 */
#ifndef NAMES_H
#define NAMES_H

#include "server.h"

/* Returns an array of the names.  The caller borrows it, and takes a reference if it needs the
 * array after its callback has returned.  NULL: out of memory. */
json_t *names_read(struct server *server);

/* Returns the account of that daemon at /runs, valid until the next call into vigild.  NULL: there
 * is no such daemon. */
const json_t *names_account(struct server *server, const char *name);

void names_free(struct server *server);

#endif
