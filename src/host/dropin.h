/*
 * dropin: daemons registered by command: one drop-in file for each.
 */
#ifndef DROPIN_H
#define DROPIN_H

#include "base/diagnostic.h"

/* Writes conf.d/NAME.conf beside the main file: enables the daemon, with a section of its pairs
 * ("key=value", ended by NULL; `module` is one of them).  The whole configuration is checked
 * with it first.  The file is whole or not there, whenever the machine stops.  0, or -errno
 * with diagnostics, and nothing has changed.  Where it is done there may be notes. */
int dropin_add(const char *main_file, const char *name, char *const *pairs,
	struct diagnostics *diagnostics);
/* Removes it.  -ENOENT with a diagnostic where the daemon is not registered so; -EBUSY with
 * diagnostics where the configuration would be wrong without it, because another daemon names it. */
int dropin_remove(const char *main_file, const char *name, struct diagnostics *diagnostics);

#endif
