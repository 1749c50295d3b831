/*
 * unit_conditions: the conditions and assertions of a unit, such as ConditionPathExists=.
 */
#ifndef UNIT_CONDITIONS_H
#define UNIT_CONDITIONS_H

#include "service/systemd/bus.h"

/* Writes which condition or assertion of the unit at path kept its last start from being made, as far
 * as systemd still knows; "" where none did.  Negative: -errno. */
int unit_conditions_unmet(struct systemd_call *call, const char *path, char *text, size_t size);
/* How many it has, of both kinds together.  Negative: -errno. */
int unit_conditions_count(struct systemd_call *call, const char *path, unsigned *count);

#endif
