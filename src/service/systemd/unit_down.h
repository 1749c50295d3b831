/*
 * unit_down: finds out why a unit that is down is meant to be down, or must not be restarted.
 */
#ifndef UNIT_DOWN_H
#define UNIT_DOWN_H

#include "service/systemd/unit_gather.h"

/* How a unit is meant to be started and to end. */
struct unit_start {
	bool to_end;  /* a oneshot that is down after it has done its work */
	bool by_bus;  /* it is started over D-Bus, because one of its names begins with "dbus-" */
	bool by_need; /* it runs only while another unit needs it (StopWhenUnneeded=) */
};

/* Adds to the evidence what prevents a start of the unit (hold), or that the unit is meant to be
 * down (idle).  Negative: -errno. */
int unit_down_gather(struct unit_gather *g);
/* Appends the names of the units that conflict with it, in either direction, to names, which has
 * UNIT_NAMES bytes.  Sets *shutdown if shutdown.target is one of them, which is left out.
 * Negative: -errno. */
int unit_down_conflicts(struct unit_gather *g, char *names, bool *shutdown);
/* Reads how the unit is started, apart from a start by an admin or at boot.  Negative: -errno. */
int unit_down_start(struct unit_gather *g, struct unit_start *start);

#endif
