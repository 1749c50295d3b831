/*
 * unit_restart: a restart of a unit that the loop thread requests of systemd without blocking.
 *
 * It is for a unit whose crash is proven (unit_proof.h), so that the request goes out at once.  It
 * handles only the restart that is over quickly and works.  In every other case it ends early, and
 * a worker must go on.
 */
#ifndef UNIT_RESTART_H
#define UNIT_RESTART_H

#include <stdint.h>

#include "service/manager.h"
#include "service/systemd/unit_message.h"

struct loop;
struct systemd_connection;
struct unit_restart;

enum unit_restart_end {
	RESTART_RUNNING,    /* the unit runs again */
	RESTART_REJECTED,   /* systemd has rejected the request, and nothing was begun */
	RESTART_UNFINISHED, /* the job is not known to have worked; see unit_restart_job */
};

/* What systemd has signalled about the unit since the request. */
struct unit_restarted {
	char active[16], sub[32];
	pid_t pid;
	uint32_t respawns;
	uint64_t entered; /* as in struct unit_properties */
};

/* Called from the loop when the restart has ended, never inside unit_restart_new.  It may free the
 * restart. */
typedef void unit_restart_fn(enum unit_restart_end end, void *arg);

/* Requests the restart.  began: when the last start of the unit began, by which it shows later
 * whether the job has started anything: CLOCK_MONOTONIC, microseconds.  timeout: nanoseconds for
 * the answer to the request.  The connection must be up.  Returns NULL if nothing was sent. */
struct unit_restart *unit_restart_new(struct loop *loop, struct systemd_connection *connection,
	const char *unit, uint64_t began, uint64_t timeout, unit_restart_fn *fn, void *arg);
/* Forgets the restart; fn is not called any more.  NULL is allowed. */
void unit_restart_free(struct unit_restart *restart);

/* Takes a signal of the unit. */
void unit_restart_hear(struct unit_restart *restart, const struct unit_change *change);
/* The job has ended with that result. */
void unit_restart_hear_job(struct unit_restart *restart, const char *job, const char *result);
/* The connection is down: the outcome is not known. */
void unit_restart_lost(struct unit_restart *restart);

/* What a worker must know to find out the outcome.  Valid until unit_restart_free. */
const struct manager_job *unit_restart_job(const struct unit_restart *restart);
const struct unit_restarted *unit_restart_unit(const struct unit_restart *restart);

#endif
