/*
 * unit_conditions: the conditions and assertions of a unit, such as ConditionPathExists=.
 */
#ifndef UNIT_CONDITIONS_H
#define UNIT_CONDITIONS_H

#include "service/systemd/bus.h"

/* Writes which condition or assertion of the unit at path prevented its last start, as far as
 * systemd still knows; "" if none did.  Negative: -errno. */
int unit_conditions_unmet(struct systemd_call *call, const char *path, char *text, size_t size);
/* Counts the conditions and assertions of the unit together.  Negative: -errno. */
int unit_conditions_count(struct systemd_call *call, const char *path, unsigned *count);
/* Says which conditions the unit has, of which one was not met.  For a unit that systemd has
 * unloaded since then.  "": it has none.  Negative: -errno. */
int unit_conditions_list(struct systemd_call *call, const char *path, char *text, size_t size);

#endif
