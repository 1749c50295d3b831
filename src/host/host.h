/*
 * host: starts, reloads and stops the daemons.
 *
 * The host loads the configuration, makes a plan of the daemons that should run, and applies the
 * difference between the plan and the running daemons.  If anything fails before the plan is
 * applied, nothing changes.  The host owns the loop, the state, the services and the store.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "base/diagnostic.h"

struct event_log;
struct loop;
struct state;
struct config;
struct modules;
struct pauses;
struct vigil_daemon;
struct host;

/* Checks a configuration for `vigild -t`, including the modules and their options, and prints a
 * valid one to show, unless that is NULL.  Returns 0, or -EINVAL with an error among the
 * diagnostics.  There may be notes in both cases. */
int host_test(const char *file, FILE *show, struct diagnostics *diagnostics);

/* Reads the configuration and creates the environment of the daemons, but starts no daemon.  NULL
 * with diagnostics on failure. */
struct host *host_new(const char *file, struct diagnostics *diagnostics);
void host_free(struct host *host);

/* Starts the daemons that the configuration enables. */
void host_start(struct host *host);
/* Reloads the configuration.  SIGHUP, the pipe and `vigilctl reload` all use this function.
 * Returns 0 and sets *result (a new reference) to
 * {"started":[...],"stopped":[...],"changed":[...],"kept":N,"failed":{name:why},
 * "changes":{name:{option:{"old","new"}}}, "vigil_changes":{option:{"old","new"}},
 * "restart_needed":[changed keys of [vigil] that need a restart of vigild]}, with "notes":[...] if
 * something looks like a mistake.  "changes" has an entry for each changed daemon.  The entry is
 * empty if the daemon is only started again because it has failed.  The values are texts, "" for
 * none, and *** for a secret.  Or returns -EINVAL with diagnostics, and nothing has changed. */
int host_reload(struct host *host, json_t **result, struct diagnostics *diagnostics);
/* Compares the configuration files with the running daemons as host_reload does, and applies
 * nothing.  It returns the same, with "dry_run":true in the result; "failed" has the daemons that
 * are known to fail.  Modules that are not loaded yet are loaded, because they check their options.
 */
int host_dry_run(struct host *host, json_t **result, struct diagnostics *diagnostics);
/* host_reload, host_dry_run and the functions of dropin.h return -EAGAIN, with nothing changed and
 * no diagnostics, if modules must be asked or tried in other processes first.  This function asks
 * them and calls again once, from the loop.  In that function the caller repeats its call, which
 * may return -EAGAIN again. */
typedef void host_again_fn(void *arg);
void host_ask_modules(struct host *host, host_again_fn *again, void *arg);
/* Returns false if no daemon in a process of its own starts, takes its options, or ticks on
 * request.  Otherwise calls fn once, from the loop, when all have done that, or failed. */
bool host_after_starts(struct host *host, host_again_fn *fn, void *arg);
/* Reloads now, or as soon as the modules have answered.  The log has the result. */
void host_reload_soon(struct host *host);

/* Rejects new work, drains the workers, saves the state and stops the daemons.  Then calls
 * stopped. */
void host_stop(struct host *host, void (*stopped)(void *arg), void *arg);
/* Whether host_stop was called.  Then nothing is reloaded. */
bool host_is_stopping(const struct host *host);

struct loop *host_loop(struct host *host);
struct state *host_state(struct host *host);
struct modules *host_modules(struct host *host);
/* Whether the daemon or its module is in quarantine. */
bool host_is_quarantined(struct host *host, const struct vigil_daemon *d);
/* Releases the daemon, or its module, from quarantine (quarantine.h) and starts it.  Does nothing
 * for a daemon that is not in quarantine.  Returns true if a reload must follow, which opens the
 * module. */
bool host_release(struct host *host, const char *name);
struct pauses *host_pauses(struct host *host);
struct event_log *host_event_log(struct host *host);
struct services *host_services(struct host *host);
const struct config *host_config(const struct host *host);
struct vigil_daemon *host_find(struct host *host, const char *name);
/* The daemons in the order of their names.  NULL: no more daemons. */
struct vigil_daemon *host_daemon_after(struct host *host, const char *name);
struct vigil_daemon *host_daemon(struct host *host, size_t index);
/* The value of /runs/NAME, from the daemon and the host.  A new reference. */
json_t *host_run_status(struct host *host, struct vigil_daemon *d);

#endif
