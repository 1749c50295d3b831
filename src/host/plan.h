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
	const char *name;                /* borrowed from the configuration */
	const char *module;              /* borrowed from the configuration */
	const vigil_module *descriptor;  /* NULL: the module cannot be used, see why */
	struct option_set *options;      /* borrowed; NULL: not checked or invalid */
	struct option_set *host_options; /* of config_daemon_schema; borrowed */
	char *why;                       /* owned; NULL: the daemon can be started */
};

struct config_draft;
struct loop;

/* Creates the modules for a plan, among them those that run in processes of their own. */
struct modules *plan_modules_new(void);

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

/* While modules are asked later, a plan opens no module for the first time, starts no process of a
 * module, and is not complete if it would have to. */
void plan_ask_later(bool later);
/* Returns true if the plan that was just made is not complete; then it is freed, and its
 * diagnostics are cleared. */
bool plan_must_ask(struct plan **plan, struct diagnostics *diagnostics);
/* Starts the processes that the plans since the last call need, and calls ready from the loop, once
 * or more, when the plan is worth making again. */
void plan_ask(struct loop *loop, void (*ready)(void *arg), void *arg);
/* Forgets which processes have failed or gave no answer, so that the next plan asks again. */
void plan_settle(void);
/* Ends the processes that are being asked. */
void plan_cancel(void);

/* Runs the module's check of a daemon again, as plan_make did.  Returns 0, or -EINVAL with
 * diagnostics. */
int plan_check_daemon(
	const struct plan *plan, const struct plan_daemon *pd, struct diagnostics *diagnostics);

/* Whether its module runs in a process of its own. */
bool plan_is_isolated(const struct plan_daemon *pd);
const struct plan_daemon *plan_find(const struct plan *plan, const char *name);

#endif
