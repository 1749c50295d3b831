/*
 * unit_list: lists all services that systemd knows, on a worker.
 */
#ifndef UNIT_LIST_H
#define UNIT_LIST_H

#include <stdint.h>

struct listing;

/* Adds the loaded units and the unit files to the listing.  One call lists all units.  The
 * properties that decide what happens after a crash are read only for units that run, have failed
 * or are enabled. */
void unit_list(struct listing *listing, uint64_t deadline);

#endif
