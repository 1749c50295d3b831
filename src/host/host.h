/*
 * host: which daemons run.
 *
 * Loads the configuration, plans the difference between what runs and what should, and applies
 * it.  A failure before "apply" changes nothing at all.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/diagnostic.h"

struct loop;
struct state;
struct config;
struct modules;
struct pauses;
struct vigil_daemon;
struct host;

/* Checks a configuration as `vigild -t` does: everything, modules and options included.
 * 0, or -EINVAL with an error among the diagnostics; there may be notes in any case. */
int host_test(const char *file, struct diagnostics *diagnostics);

/* Reads the configuration and makes all that the daemons stand on; starts none.  NULL with
 * diagnostics. */
struct host *host_new(const char *file, struct diagnostics *diagnostics);
void host_free(struct host *host);

/* Starts the daemons that the configuration enables. */
void host_start(struct host *host);
/* The one reload: SIGHUP, the pipe and `vigilctl reload` all come here.  0, with *result (a new
 * reference) {"started":[...],"stopped":[...],"changed":[...],"kept":N,"failed":{name:why},
 * "restart_needed":[keys of [vigil] that wait for a restart of vigild]}, and "notes":[...] where
 * something looks like a mistake;
 * or -EINVAL with diagnostics, and nothing has changed. */
int host_reload(struct host *host, json_t **result, struct diagnostics *diagnostics);
/* No new work, drain the workers, save the state, stop the daemons; then stopped runs. */
void host_stop(struct host *host, void (*stopped)(void *arg), void *arg);

struct loop *host_loop(struct host *host);
struct state *host_state(struct host *host);
struct modules *host_modules(struct host *host);
/* Lets a daemon that is held back (held.h) start again; nothing for others. */
void host_release(struct host *host, const char *name);
struct pauses *host_pauses(struct host *host);
const struct config *host_config(const struct host *host);
struct vigil_daemon *host_find(struct host *host, const char *name);
/* In the order of their names; NULL at the end. */
struct vigil_daemon *host_daemon_after(struct host *host, const char *name);
struct vigil_daemon *host_daemon(struct host *host, size_t index);
/* What is at /runs/NAME: what the daemon and the host know of it.  A new reference. */
json_t *host_run_status(struct host *host, const struct vigil_daemon *d);

#endif
