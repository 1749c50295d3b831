/*
 * unit_down: why a unit that is down is meant to be down, or must be left alone.
 */
#ifndef UNIT_DOWN_H
#define UNIT_DOWN_H

#include "service/systemd/unit_gather.h"

/* Adds to the evidence what holds the unit back, or that it is idle.  Negative: -errno. */
int unit_down_gather(struct unit_gather *g);
/* The names of the units that conflict with it, in either direction. */
int unit_down_conflicts(struct unit_gather *g, char *names);
/* By an alias among its names. */
bool unit_down_is_bus_activated(const char *names);

#endif
