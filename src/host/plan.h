/*
 * plan: a configuration together with the modules: which daemons should run, and with which
 * options.
 *
 * Making a plan starts nothing and changes no daemon, so it may fail at any point and be dropped.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostic.h"
#include "config/config.h"
#include "config/option.h"
#include "daemon/module.h"

/* One enabled daemon. */
struct plan_daemon {
	const char *name;               /* borrowed from the configuration */
	const char *module;             /* borrowed from the configuration */
	const vigil_module *descriptor; /* NULL: the module cannot be used, see why */
	struct option_set *options;     /* borrowed; NULL: not checked or invalid */
	char *why;                      /* owned; NULL: the daemon can be started */
};

struct config_draft;

struct plan {
	struct config *config;       /* owned */
	struct plan_daemon *daemons; /* sorted by name */
	size_t count;
};

/* Loads a configuration and makes a plan of it.  The options of every daemon are checked against
 * the schema of its module and by the module's `check`.  If strict is set, a module that is missing
 * or cannot be used is an error (as for -t), not only a failed daemon, and two daemons that watch
 * the same service cause a note.  The options of daemons that are not enabled are checked against
 * the schema only, if their module can be found.  Returns NULL with an error among the diagnostics.
 * There may be notes in both cases. */
struct plan *plan_make(
	const char *file, struct modules *modules, bool strict, struct diagnostics *diagnostics);
/* Makes a plan of a configuration that has been loaded.  The plan owns the configuration; on an
 * error it is freed. config NULL: returns NULL. */
struct plan *plan_make_of(struct config *config, struct modules *modules, bool strict,
	struct diagnostics *diagnostics);
/* Makes a plan as if a draft were already in place.  The check is strict for the daemon `name`
 * alone. */
struct plan *plan_make_draft(const char *file, const struct config_draft *draft, const char *name,
	struct modules *modules, struct diagnostics *diagnostics);
void plan_free(struct plan *plan);

/* Runs the module's check of a daemon again, as plan_make did.  Returns 0, or -EINVAL with
 * diagnostics. */
int plan_check_daemon(
	const struct plan *plan, const struct plan_daemon *pd, struct diagnostics *diagnostics);

const struct plan_daemon *plan_find(const struct plan *plan, const char *name);

#endif
