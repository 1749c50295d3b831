/*
 * decide: whether a service is to be restarted now, and why, in words.
 *
 * A pure function of what was seen: no clock, no state, no service is touched here, so that
 * every rule can be tested by itself.
 */
#ifndef DECIDE_H
#define DECIDE_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

enum restart_on { RESTART_ON_STOPPED, RESTART_ON_FAILED, RESTART_NEVER };

/* What is known at a look; times are seconds on vigil_now's clock. */
struct facts {
	vigil_service_status status;
	double now;
	double since;       /* when the status was first seen */
	double next_try;    /* by the backoff; 0: at any time */
	double burst_free;  /* when the burst allows another; 0: at any time */
	const char *unwell; /* why it is to be restarted although it runs; NULL: it is well */
	const char *before; /* what must run before it is restarted, and does not; NULL: nothing */
	bool paused;
	bool under_way; /* a restart is */
};

struct rules {
	enum restart_on restart_on;
	double settle;
	unsigned burst;
	double burst_window;
};

struct decision {
	bool restart;
	double wait; /* seconds until the next try is due, whatever the interval is; 0: none is */
	double look; /* seconds until it is worth another look, likewise; 0: when the interval says */
	char words[160];
};

void decide(const struct rules *rules, const struct facts *facts, struct decision *decision);

/* In how many seconds to look again at work in progress that has taken so many: soon at first,
 * then ever less often.  0: it is none, and the interval says. */
double decide_look(vigil_service_status status, double age);

/* The delay before the next try after so many failures or early deaths in a row (1 and up). */
double backoff_delay(double backoff, double backoff_max, unsigned failures);

#endif
