/*
 * host_internal: the host, for the files that share it: host.c, which decides what runs,
 * host_settings.c, which takes up what [vigil] says, and host_account.c, which tells of it.
 */
#ifndef HOST_INTERNAL_H
#define HOST_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "worker/worker_pool.h"
#include "host/daemon_list.h"

struct host {
	struct plan *plan; /* what runs now was made from it */
	struct modules *modules;
	struct loop *loop;
	struct state *state;
	struct worker_pool *worker_pool;
	struct services *services;
	struct store *store;
	struct slot_queue *slots;
	struct boot_clock *boot_clock;
	struct pauses *pauses;
	struct loop_timer *degraded_changed; /* armed from a change until it is announced */
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

/* --- host_settings.c: what [vigil] says ------------------------------------------------------- */

struct worker_pool_limits host_limits(const struct config *config);
/* Takes up what can change while the host runs, and says what cannot. */
void host_take_settings(struct host *host, const struct config *config);
void host_say_what_waits(const struct config *old, const struct config *new, json_t *result);
/* Opens the log, or opens it again; old NULL: at the start.  0, or -errno with a diagnostic. */
int host_take_log(
	const struct config *old, const struct config *new, struct diagnostics *diagnostics);

/* Puts /vigil and /runs into the tree, and announces changes of /vigil/degraded.  0 or -errno. */
int host_mount_status(struct host *host);
void host_unmount_status(struct host *host);

#endif
