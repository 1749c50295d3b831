/*
 * unit_unwatched: whether a unit that is active lives although systemd watches no process of it.
 */
#ifndef UNIT_UNWATCHED_H
#define UNIT_UNWATCHED_H

#include "service/systemd/unit_gather.h"

/* Adds to the evidence what its parts, its script or its control group say.  Negative: -errno. */
int unit_unwatched_gather(struct unit_gather *g);

#endif
