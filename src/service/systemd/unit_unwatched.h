/*
 * unit_unwatched: finds out whether an active unit is alive if systemd monitors none of its
 * processes.
 */
#ifndef UNIT_UNWATCHED_H
#define UNIT_UNWATCHED_H

#include "service/systemd/unit_gather.h"

/* Adds what the parts, the script or the control group of the unit show to the evidence.  Negative:
 * -errno. */
int unit_unwatched_gather(struct unit_gather *g);

#endif
