/*
 * host_internal: struct host, for the files that share it. host.c starts, reloads and stops,
 * host_compare.c decides which daemons a reload changes, host_apply.c changes them, host_settings.c
 * applies the section [vigil], and host_status.c serves /vigil and /runs.
 */
#ifndef HOST_INTERNAL_H
#define HOST_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "daemon/daemon.h"
#include "host/daemon_list.h"
#include "host/host.h"
#include "worker/worker_pool.h"

struct plan;
struct plan_daemon;

TAILQ_HEAD(host_askers, host_asker);

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
	struct isolate *isolate;
	/* Those whose process has ended and that are started again, by host_isolate.c. */
	SLIST_HEAD(, host_retry) retries;
	struct host_askers starters; /* they wait for the starts of daemons */
	struct host_askers askers;   /* they wait for the answers of modules */
	struct environment environment;

	struct daemon_list daemon_list;

	char *file;
	char started[CLOCK_TEXT];
	uint64_t generation, reloads, reload_errors;
	bool stopping;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* --- host_compare.c: what a plan changes ------------------------------------------------------ */

/* What a plan does with one of its daemons. */
enum host_step {
	HOST_START,       /* the daemon is new */
	HOST_REPLACE,     /* stop it and start it: it has failed, or its module differs */
	HOST_RECONFIGURE, /* its options differ */
	HOST_TAKEN,       /* the same, and it has taken them */
	HOST_RENEW,       /* the same, and it cannot take them without a restart */
	HOST_ADJUST,      /* only options that the host uses differ; the module is not called */
	HOST_KEEP
};

struct host_comparison {
	enum host_step *steps; /* one for each daemon of the plan */
	json_t *result;        /* see host_reload */
};

/* Compares the plan with the running daemons and with the plan that was applied last.  Changes
 * nothing. */
struct host_comparison host_compare(struct host *host, const struct plan *plan);
/* Frees the comparison and returns its result, which the caller owns. */
json_t *host_comparison_end(struct host_comparison *comparison);
enum host_step host_step_of(struct host *host, const struct plan_daemon *pd);

/* Returns whether the options of a daemon that the host uses differ from those of the plan. */
bool host_options_changed(const struct vigil_daemon *d, const struct plan_daemon *pd);

#define HOST_REFUSAL 512
/* Returns why a daemon must not be started, in why: its module cannot be used, or it is in
 * quarantine.  NULL: it may be started. */
const char *host_start_refusal(
	struct host *host, const struct plan_daemon *pd, char why[HOST_REFUSAL]);

/* --- host_apply.c: which daemons run ---------------------------------------------------------- */

/* Offers new options to the daemons whose options differ, before anything else is changed.  If one
 * of them refuses, all have their old options, and -EINVAL is returned with a diagnostic. */
int host_offer(struct host *host, const struct plan *plan, struct host_comparison *comparison,
	struct diagnostics *diagnostics);
/* Applies a comparison with this plan, and adds the daemons that have failed to its result. */
void host_apply(
	struct host *host, const struct plan *plan, const struct host_comparison *comparison);
/* Stops the daemon and frees it. */
void host_remove_daemon(struct host *host, struct vigil_daemon *d);

/* --- host_isolate.c: daemons in processes of their own ---------------------------------------- */

/* Called when the process of a daemon has ended (isolate.h).  Starts the daemon again after a delay
 * that doubles, or puts it into quarantine. */
void host_isolate_ended(struct vigil_daemon *d, bool crashed, double lived, void *host);
/* Called when its start has succeeded. */
void host_isolate_started(struct vigil_daemon *d, void *host);
/* Answers those who wait until no isolated daemon is being started, for example after a reload has
 * removed it. */
void host_isolate_check_starts(struct host *host);
/* Cancels all starts. */
void host_isolate_clear(struct host *host);

/* --- host_settings.c: the section [vigil] ----------------------------------------------------- */

struct worker_pool_limits host_limits(const struct config *config);
/* Applies the settings that can change while the host runs. */
void host_take_settings(struct host *host, const struct config *config);
/* Returns true if a change of this setting takes effect only when vigild is restarted. */
bool host_setting_is_fixed(const char *option);
/* Logs the changed settings of a result that need a restart. */
void host_log_pending(json_t *result);
/* Opens the log, or reopens it. old is NULL at the start.  Returns 0, or -errno with a
 * diagnostic. */
int host_take_log(
	const struct config *old, const struct config *new, struct diagnostics *diagnostics);
/* Returns the error that host_take_log would return, and opens nothing. */
int host_check_log(
	const struct config *old, const struct config *new, struct diagnostics *diagnostics);

/* Announces the new /vigil/generation after a reload. */
void host_announce_generation(struct host *host);
/* Mounts /vigil and /runs in the state, and announces changes of /vigil/degraded.  0 or -errno. */
int host_mount_status(struct host *host);
void host_unmount_status(struct host *host);

#endif
