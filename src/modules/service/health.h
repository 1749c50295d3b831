/*
 * health: what an admin is told about a service: a level and one line.
 *
 * A pure function of the facts, the decision (decide.h) and what was done lately; one table that
 * status, check, page, metrics, notifications and Icinga all show.  OK means that nothing needs a
 * human.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include "decide.h"

#define HEALTH_TEXT 400

struct health_input {
	const char *name; /* of the service */
	pid_t pid;        /* its main process; 0: not known */
	const char *text; /* what its manager said; "": nothing */
	const struct rules *rules;
	const struct facts *facts;
	const struct decision *decision;

	/* What was done lately. */
	unsigned failed_restarts; /* in a row */
	bool denied;              /* the last of them was not allowed */
	unsigned setbacks;        /* restarts in a row that failed or did not help */
	unsigned starting;        /* the number of the restart that is still in progress; 0: none */
	/* It was brought back more often than respawn_max: by its manager and by vigild, from the
	 * first to the last time in so many seconds.  Both 0: it was not. */
	unsigned brought_back, restarted;
	double span;
};

struct health {
	vigil_health_level level;
	bool gave_up; /* vigil does nothing more about it until an admin or the burst allows it */
	char text[HEALTH_TEXT];
};

void health_of(const struct health_input *in, struct health *health);

#endif
