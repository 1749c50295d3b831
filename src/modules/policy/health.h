/*
 * health: computes the health of a service: a level and one line of text.
 *
 * health_of() is a pure function of the facts, the decision (decide.h) and the recent restarts.
 * `vigilctl status` and `check`, the HTTP page, the metrics, the notifications and Icinga all show
 * this health. OK means that no human action is needed.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include "decide.h"
#include "recent.h"

#define HEALTH_TEXT 400

struct health_input {
	const char *name; /* name of the service */
	pid_t pid;        /* pid of its main process; 0: not known */
	const char *text; /* message of its manager; "": none */
	const struct rules *rules;
	const struct facts *facts;
	const struct decision *decision;

	/* Recent restarts. */
	unsigned failed_restarts; /* consecutive */
	bool denied;              /* the last failed restart was denied */
	unsigned setbacks;        /* consecutive restarts that failed or did not help */
	unsigned starting;        /* number of the restart that is still in progress; 0: none */
	/* Set if the service came back more often than respawn_max: how often its manager and
	 * vigild brought it back, and the seconds from the first to the last time. Both counts 0:
	 * it did not. */
	unsigned brought_back, restarted;
	double span;
};

struct health {
	vigil_health_level level;
	/* vigild does nothing more about the problem until an admin acts or the burst limit allows
	 * it */
	bool gave_up;
	char text[HEALTH_TEXT];
};

/* Sets brought_back, restarted and span if the service came back more often than respawn_max within
 * its window. in->rules must be set. */
void health_set_crashes(struct health_input *in, const struct recent *recent);
/* Like health_of, but the text only says what vigild does about a service that is down or changes
 * for too long, or why it does nothing, such as "its restart failed; the next restart waits for the
 * backoff". "": there is nothing to say. */
void health_of_plan(const struct health_input *in, struct health *health);
void health_of(const struct health_input *in, struct health *health);

#endif
