/*
 * plan: a configuration brought together with the modules: what should run, and how.
 *
 * Making one starts nothing and changes no daemon, so it may fail at any point and be dropped.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostic.h"
#include "daemon/module.h"
#include "config/config.h"
#include "config/option.h"

/* One enabled daemon. */
struct plan_daemon {
	const char *name;               /* the configuration's */
	const char *module;             /* likewise */
	const vigil_module *descriptor; /* NULL: refused, see why */
	struct option_set *options;     /* likewise */
	char *why;                      /* NULL: it can be started */
};

struct plan {
	struct config *config;       /* owned */
	struct plan_daemon *daemons; /* by name */
	size_t count;
};

/* All that modules check is checked, by the schema of their options and by their `check`.  strict:
 * a module that is missing or refused is an error (as for -t), not only a failed daemon, and
 * daemons that watch the same service are noted.  The options of daemons that are not enabled are
 * checked by their schema, where their module can be found.  NULL with an error among the
 * diagnostics; notes may be there in any case. */
struct plan *plan_make(
	const char *file, struct modules *modules, bool strict, struct diagnostics *diagnostics);
/* The same of a configuration that was read before: the plan's from now on, or freed. */
struct plan *plan_make_of(struct config *config, struct modules *modules, bool strict,
	struct diagnostics *diagnostics);
/* The same as if a draft were in place already, strict with that daemon alone. */
struct plan *plan_make_draft(const char *file, const struct config_draft *draft, const char *name,
	struct modules *modules, struct diagnostics *diagnostics);
void plan_free(struct plan *plan);

/* Runs the check of a daemon's module once more, as plan_make has done.  0, or -EINVAL with
 * diagnostics. */
int plan_check_daemon(
	const struct plan *plan, const struct plan_daemon *pd, struct diagnostics *diagnostics);

const struct plan_daemon *plan_find(const struct plan *plan, const char *name);

#endif
