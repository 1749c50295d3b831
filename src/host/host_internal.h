/*
 * host_internal: struct host, for the files that share it. host.c decides which daemons run,
 * host_settings.c applies the section [vigil], and host_status.c serves /vigil and /runs.
 */
#ifndef HOST_INTERNAL_H
#define HOST_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "daemon/daemon.h"
#include "host/daemon_list.h"
#include "host/host.h"
#include "worker/worker_pool.h"

struct host {
	struct plan *plan; /* the plan that was applied last; owned */
	struct modules *modules;
	struct loop *loop;
	struct state *state;
	struct worker_pool *worker_pool;
	struct services *services;
	struct store *store;
	struct slot_queue *slots;
	struct boot_clock *boot_clock;
	struct pauses *pauses;
	struct loop_timer *degraded_changed; /* armed while a change is to be announced */
	struct days *days;
	struct environment environment;

	struct daemon_list daemon_list;

	char *file;
	char started[CLOCK_TEXT];
	uint64_t generation, reloads, reload_errors;
	bool stopping;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* --- host_settings.c: the section [vigil] ----------------------------------------------------- */

struct worker_pool_limits host_limits(const struct config *config);
/* Applies the settings that can change while the host runs. */
void host_take_settings(struct host *host, const struct config *config);
void host_report_pending(const struct config *old, const struct config *new, json_t *result);
/* Opens the log, or reopens it. old is NULL at the start.  Returns 0, or -errno with a
 * diagnostic. */
int host_take_log(
	const struct config *old, const struct config *new, struct diagnostics *diagnostics);

/* Mounts /vigil and /runs in the state, and announces changes of /vigil/degraded.  0 or -errno. */
int host_mount_status(struct host *host);
void host_unmount_status(struct host *host);

#endif
