/*
 * host_inside: the host, for the two files that share it: host.c, which decides what runs, and
 * host_account.c, which tells of it.
 */
#ifndef HOST_INSIDE_H
#define HOST_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "host/roster.h"

struct host {
	struct plan *plan; /* what runs now was made from it */
	struct modules *modules;
	struct loop *loop;
	struct state *state;
	struct offload *offload;
	struct services *services;
	struct store *store;
	struct booted *booted;
	struct pauses *pauses;
	struct ground ground;

	struct roster roster;

	char *file;
	char started[CLOCK_TEXT];
	uint64_t generation, reloads, reload_errors;
	bool stopping;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* Puts /vigil and /runs into the tree.  0 or -errno. */
int host_mount_accounts(struct host *host);

#endif
