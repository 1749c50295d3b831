/*
 * registry: daemons registered by command: one drop-in file for each.
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "base/complaint.h"

/* Writes conf.d/NAME.conf beside the main file: enables the daemon, with a section of its pairs
 * ("key=value", ended by NULL; `module` is one of them).  The whole configuration is checked
 * with it first.  The file is whole or not there, whenever the machine stops.  0, or -errno
 * with complaints, and nothing has changed.  Where it is done there may be notes. */
int registry_add(
	const char *main_file, const char *name, char *const *pairs, struct complaints *complaints);
/* Removes it.  -ENOENT with a complaint where the daemon is not registered so; -EBUSY with
 * complaints where the configuration would be wrong without it, because another daemon names it. */
int registry_remove(const char *main_file, const char *name, struct complaints *complaints);

#endif
