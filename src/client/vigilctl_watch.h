/*
 * vigilctl_watch: `vigilctl status --watch`: the table of daemons, for as long as one looks.
 */
#ifndef VIGILCTL_WATCH_H
#define VIGILCTL_WATCH_H

#include <stdbool.h>

#include "client/verb.h"

/* Prints the status now and whenever it changes; on a terminal in place, and once a second for the
 * times in it, else one below the other.  Ends when vigild does: -errno, or -ECANCELED having
 * printed why it was refused. */
int vigilctl_watch(const char *socket, const struct verb *verb, bool json);

#endif
