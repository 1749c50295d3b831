/*
 * unit_down: why a unit that is down is meant to be down, or must be left alone.
 */
#ifndef UNIT_DOWN_H
#define UNIT_DOWN_H

#include "service/systemd/unit_gather.h"

/* How a unit is meant to be started, and to end. */
struct unit_start {
	bool to_end;  /* a oneshot, which is down once it has done its work */
	bool by_bus;  /* over D-Bus, as an alias of it says */
	bool by_need; /* when another unit needs it, and only as long */
};

/* Adds to the evidence what holds the unit back, or that it is idle.  Negative: -errno. */
int unit_down_gather(struct unit_gather *g);
/* The names of the units that conflict with it, in either direction. */
int unit_down_conflicts(struct unit_gather *g, char *names);
/* Reads how the unit is started, besides by an admin and at boot.  Negative: -errno. */
int unit_down_start(struct unit_gather *g, struct unit_start *start);

#endif
