/*
 * model: hosts with vigild that send check results to Icinga 2, as a discrete event simulation.
 *
 * A host does what src/modules/icinga does with the defaults of its options: repetitions at the
 * phases of phase.c, changes before repetitions, one request at a time on each of 4 connections,
 * one connection while the parent does not answer, a timeout of 10 s, and the delays of
 * phase_retry.  A parent, which is a satellite or the master itself, is a queue in the order of
 * arrival with a number of cores.  It does all work that has arrived, also for a host that has
 * given up.  With several parents, each result also costs work at the one master above them.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_DAEMONS 10 /* of a host */

/* Seconds of CPU time at a server. */
struct costs {
	double result;     /* process-check-result, with TLS */
	double connection; /* a new connection, in addition */
	double resumed;    /* a new connection that resumes a TLS session, in addition */
	double zone;       /* a result at the master that arrives from a satellite */
};

/* What vigil does, so that the hosts do not act together. */
struct policy {
	const char *name;
	bool spread;        /* the results of a host come at phases that depend on names */
	bool jitter;        /* so does the delay of a retry */
	bool gentle_start;  /* the first OK of a daemon waits for its phase */
	bool gentle_return; /* after an outage, repetitions wait for their phases */
	bool resume;        /* TLS sessions are resumed */
};

struct tiers {
	const char *name;
	uint32_t parents; /* 1: the hosts send to the master */
	double cores;     /* of each parent */
	double master_cores;
};

enum incident { INCIDENT_NONE, INCIDENT_ROLLOUT, INCIDENT_OUTAGE, INCIDENT_SPLIT, INCIDENT_PLUGIN };

struct run {
	uint32_t hosts, seed;
	const struct costs *costs;
	const struct policy *policy;
	const struct tiers *tiers;
	enum incident incident;
	double lasting; /* seconds of an outage or a split */
};

struct figures {
	double steady_load;      /* of the parents, 1: all cores are busy; before the incident */
	double peak_load;        /* the work that arrives in the worst second after the incident */
	double peak_connections; /* new ones in the worst second, at all parents */
	double queue;            /* seconds of work that wait at a parent, at most */
	double master_queue;     /* the same at the master above the parents */
	uint64_t timeouts;       /* requests that a parent did not answer in time, afterwards */
	double settled;          /* seconds from the end of the incident to the last slow answer */
	double seen[3];          /* seconds until the master has a CRITICAL: median, p99, most */
	uint32_t unseen, critical; /* how many were not seen until the end, of how many */
};

void model_run(const struct run *run, struct figures *figures);

#endif
