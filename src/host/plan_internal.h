/*
 * plan_internal: checks of plan.c that compare the options of all daemons with each other.
 */
#ifndef PLAN_INTERNAL_H
#define PLAN_INTERNAL_H

#include "base/diagnostic.h"
#include "host/plan.h"

/* Checks the option `group`, and the options that name other daemons (VIGIL_DAEMONS,
 * VIGIL_ACYCLIC).  The named daemons must be enabled, and daemons must not wait for each other in a
 * cycle.  Must be called before config_drop_written, because the diagnostics need the line numbers.
 */
void plan_check_links(const struct plan *plan, struct diagnostics *diagnostics);

/* Adds a note for each daemon that watches the same service as another daemon: under the same name,
 * with and without ".service", or as a systemd alias that is found in dirs (ended by NULL; dirs
 * NULL: the unit directories of systemd). */
void plan_note_services(
	const struct plan *plan, const char *const *dirs, struct diagnostics *diagnostics);

#endif
