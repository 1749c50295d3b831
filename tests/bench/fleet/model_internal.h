/* model_internal: what the model and its incidents share; see model.h. */
#ifndef MODEL_INTERNAL_H
#define MODEL_INTERNAL_H

#include <stddef.h>

#include "model.h"
#include "wheel.h"

#define MODEL_CONNECTIONS 4    /* the default of src/modules/icinga/icinga.c */
#define MODEL_INTERVAL    60.0 /* seconds; so is this */

enum kind { START, FIRST, DUE, ATTEMPT, ANSWERED, FAILED, CHANGE, CRITICAL, PLUGIN, RETURN };
enum tracked { UNTRACKED, WAITS, IN_FLIGHT, SEEN };

/* What a request sends: the number of a daemon, or one of these. */
#define SEND_CHANGE   14u
#define SEND_CRITICAL 15u

struct host {
	double used[MODEL_CONNECTIONS]; /* when the connection was last used */
	float told[MODEL_DAEMONS];
	double critical;         /* when it became CRITICAL */
	uint32_t changes;        /* in the queue */
	uint32_t ahead;          /* changes in the queue before the CRITICAL */
	uint16_t due;            /* a bit for each daemon */
	uint16_t failures;       /* in a row */
	uint8_t busy;            /* a bit for each connection */
	uint8_t open;            /* a bit for each connection */
	uint8_t epoch;           /* of vigild; raised by a restart */
	uint8_t tracked;         /* enum tracked */
	bool waiting, up, known; /* known: there is a TLS session to resume */
};

struct server {
	double cores, busy_until;
};

struct model {
	const struct run *run;
	struct figures *figures;
	struct wheel *wheel;
	struct host *hosts;
	struct server *parents, master;
	double now, begin, back; /* back: the end of the incident */
	double end;
	bool away;         /* the master */
	uint64_t logged;   /* results that satellites keep for a master that is away */
	double *work;      /* seconds of CPU time that arrived in each second, at all parents */
	uint32_t *started; /* new connections in each second */
	double *latencies;
	uint32_t *in_log; /* for a CRITICAL that satellites keep: the place in the log, from 1 */
	uint32_t seen;
	uint32_t random;
};

/* Returns a number from 0 to below 1. */
double model_chance(struct model *m);
/* Returns the name of the host, valid until the next call. */
const char *model_host_name(const struct model *m, uint32_t id);
void model_add(struct model *m, double time, uint32_t id, enum kind kind, unsigned detail);

/* Adds the events that the run begins with. */
void incident_plan(struct model *m);
/* Computes the figures that are sums. */
void incident_summarize(struct model *m);

#endif
