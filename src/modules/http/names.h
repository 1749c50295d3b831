/*
 * names: the names of all daemons, for replies that read the accounts at /runs one at a time.
 */
#ifndef NAMES_H
#define NAMES_H

#include "server.h"

/* Returns a new reference to an array of the names.  NULL: out of memory. */
json_t *names_read(struct server *server);

/* Returns the account of that daemon at /runs, valid until the next call into vigild.  NULL: there
 * is no such daemon. */
const json_t *names_account(struct server *server, const char *name);

#endif
