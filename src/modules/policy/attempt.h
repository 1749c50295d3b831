/*
 * attempt: one restart of a service, and what became of it.
 *
 * A restart that failed and a restart that did not help are setbacks, and each setback increases
 * the backoff. A restart has helped if the service then passed all tests for healthy_after,
 * whatever the reason for the restart was. When the service has passed all tests for backoff_max,
 * the number of setbacks is reset to 0.
 *
 * These functions change the attempt and the recent history (recent.h) and write nothing else. The
 * caller issues the restart and reports the outcome.
 */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include <stdbool.h>

#include <vigil/vigil.h>

#include "decide.h"
#include "recent.h"

/* The restart that is in progress, or else the last one. */
struct attempt {
	bool under_way; /* issued and not answered */
	bool starting;  /* answered, but the manager has not finished it */
	bool by_admin;
	bool with_peer; /* issued because of restart_with */
	bool denied;    /* the last failed restart was denied */
	double began;
	/* start of the present period in which all tests passed; 0: they do not pass */
	double well_since;
	double well_for; /* seconds: the longest such period since the restart */
	json_t *refusal; /* owned; why vigild refused the last restart; NULL: it did not */
	bool deliberate; /* vigild refused because the service must be left alone */
	bool ends;       /* the refusal ends without an event */
};

/* The tests of a running service, such as a probe. */
struct tests {
	bool any;    /* the service has tests; without tests, a running service counts as healthy */
	bool sick;   /* a test fails, so that the service needs a restart */
	bool proven; /* all tests pass, or there are none */
};

enum outcome {
	OUTCOME_NONE,    /* nothing to report */
	OUTCOME_STARTED, /* the manager has finished the restart, and the service runs */
	OUTCOME_FAILED /* the manager has given up after it had answered; see attempt_late_reply */
};

/* Adds what the last restart and the recent history say. The facts refer to the refusal. */
void attempt_add_facts(struct facts *facts, const struct rules *rules,
	const struct attempt *attempt, const struct recent *recent);

/* Counts a setback and increases the backoff. */
void attempt_step_back(const struct rules *rules, struct recent *recent);
/* Takes the reply to a restart that worked. Returns OUTCOME_NONE if the manager is still starting
 * the service. */
enum outcome attempt_worked(struct attempt *attempt, struct recent *recent,
	const vigil_service_reply *r, const struct tests *tests);
/* Takes the reply to a restart that failed, which is a setback. */
void attempt_failed(const struct rules *rules, struct attempt *attempt, struct recent *recent,
	const vigil_service_reply *r);
/* Takes the reply to a restart that vigild refused. It neither counts as a failure nor uses up the
 * burst limit. Returns false if the reason is that of the refusal before. Otherwise the caller
 * reports the reason, which is then attempt->refusal. */
bool attempt_refused(struct attempt *attempt, const vigil_service_reply *r);
/* Evaluates the last restart from the result of a check: it helped, it did not help, or this is not
 * known yet. since: when the status was first seen. The caller calls attempt_failed if the outcome
 * is OUTCOME_FAILED. */
enum outcome attempt_evaluate(const struct rules *rules, struct attempt *attempt,
	struct recent *recent, const vigil_service_reply *r, const struct tests *tests,
	double since);
/* Returns the reply to report for OUTCOME_FAILED. */
vigil_service_reply attempt_late_reply(const vigil_service_reply *r);

#endif
