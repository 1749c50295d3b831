/*
 * plan_internal: what the options of all daemons mean together.  For plan.c.
 */
#ifndef PLAN_INTERNAL_H
#define PLAN_INTERNAL_H

#include "base/diagnostic.h"
#include "host/plan.h"

/* Checks options that name other daemons (VIGIL_DAEMONS, VIGIL_ACYCLIC): the daemons must be enabled,
 * and must not wait for each other.  To be called while the configuration still has the lines. */
void plan_check_links(const struct plan *plan, struct diagnostics *diagnostics);

/* Notes each daemon that watches the same service as another one, under the same name, with and
 * without ".service", or as an alias of systemd in dirs (ended by NULL; NULL: where systemd has its
 * units). */
void plan_note_services(
	const struct plan *plan, const char *const *dirs, struct diagnostics *diagnostics);

#endif
