/*
 * remote: the data of one daemon of this module. remote.c makes the probes, and remote_report.c
 * writes their results to the state and computes the health.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include <vigil/vigil.h>

#include "modules/probe/probe.h"
#include "options.h"

enum remote_state {
	REMOTE_NEW, /* it has not been probed yet */
	REMOTE_KNOWN,
	REMOTE_IMPOSSIBLE, /* vigild could not make the last probe */
	REMOTE_STALE       /* the last result is too old */
};

struct remote_target {
	struct remote *remote;
	char name[REMOTE_NAME];
	struct probe *probe;
	bool waiting; /* it is due, and waits because others are being probed */

	enum remote_state state;
	double last;         /* when the last result came, by vigil_now */
	unsigned failures;   /* in a row */
	bool distrusted;     /* the last probe refused the certificate */
	double certificate;  /* seconds until it ends, at the last probe; NAN: there is none */
	char why[PROBE_WHY]; /* of the last failure; "": the last probe succeeded */
	uint32_t line;       /* of the history, that counts the failures; 0: none */
};

struct remote {
	vigil_daemon *d;
	double interval, timeout, certificate_warn; /* seconds */
	unsigned failures_max, parallel;

	double last_round; /* when the last round began; 0: none has */
	unsigned busy;     /* probes in progress */
	bool collecting;   /* the health will be computed soon */
	size_t next;       /* where the search for a waiting target begins */
	size_t count;
	struct remote_target *targets[REMOTE_TARGETS];
};

/* remote_report.c */
/* Records the result of a probe of the target. */
void report_result(struct remote_target *target, const struct probe_result *result);
/* Marks the result of a target as stale. */
void report_stale(struct remote_target *target);
/* Computes and reports the health of all targets. */
void report_health(struct remote *remote);

#endif
