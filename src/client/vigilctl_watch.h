/*
 * vigilctl_watch: `vigilctl status --watch`: prints the table of daemons until interrupted.
 */
#ifndef VIGILCTL_WATCH_H
#define VIGILCTL_WATCH_H

#include <stdbool.h>

#include "client/verb.h"

/* Prints the status now and after each change.  On a terminal the table is redrawn in place, and
 * also once a second, because the shown ages change.  Otherwise the tables follow each other.
 * Returns -errno when the connection is lost, or -ECANCELED after it has printed vigild's error
 * reply. */
int vigilctl_watch(const char *socket, const struct verb *verb, bool json);

#endif
