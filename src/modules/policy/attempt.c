/*
 * attempt: see attempt.h.
 */
#include "attempt.h"

#include <errno.h>
#include <math.h>

#include "interned.h"
#include "reply.h"

void attempt_step_back(const struct rules *rules, struct recent *recent)
{
	recent->setbacks++;
	recent->next_try =
		vigil_now() + backoff_delay(rules->backoff, rules->backoff_max, recent->setbacks);
	recent->restarted = 0;
	recent_save(recent);
}

void attempt_add_facts(struct facts *facts, const struct rules *rules,
	const struct attempt *attempt, const struct recent *recent)
{
	facts->refusal = json_string_value(attempt->refusal);
	facts->refusal_deliberate = attempt->deliberate;
	facts->refusal_ends = attempt->ends;
	facts->next_try = recent->next_try;
	facts->burst_free = recent_burst_free(recent, rules->burst, rules->burst_window);
}

/* --- the reply to a restart ------------------------------------------------------------------- */

static enum outcome note_started(
	struct attempt *attempt, struct recent *recent, const struct tests *tests)
{
	attempt->starting = false;
	attempt->well_since = tests->any ? 0 : vigil_now();
	if (!attempt->by_admin && !attempt->with_peer)
		recent_add(recent, &recent->recoveries, vigil_now());
	recent_save(recent);
	return OUTCOME_STARTED;
}

enum outcome attempt_worked(struct attempt *attempt, struct recent *recent,
	const vigil_service_reply *r, const struct tests *tests)
{
	recent->restarted = vigil_now();
	recent->next_try = 0;
	attempt->well_since = attempt->well_for = 0;
	attempt->starting = r->status == VIGIL_SERVICE_STARTING ||
			    /* STOPPING: the first half of the restart */
			    r->status == VIGIL_SERVICE_STOPPING;
	if (!attempt->starting)
		return note_started(attempt, recent, tests);
	recent_save(recent);
	return OUTCOME_NONE;
}

void attempt_failed(const struct rules *rules, struct attempt *attempt, struct recent *recent,
	const vigil_service_reply *r)
{
	attempt->starting = false;
	attempt->denied = r->fault == VIGIL_FAULT_DENIED;
	attempt_step_back(rules, recent);
}

/* deliberate: the service is masked, or is being stopped or upgraded.  ends: a later restart may be
 * permitted, and no event reports that. */
static const struct {
	bool deliberate, ends;
} refusals[] = {
	[VIGIL_REFUSAL_STATE] = {true, true},
	[VIGIL_REFUSAL_DENY] = {false, false},
	[VIGIL_REFUSAL_RATE] = {false, true},
	[VIGIL_REFUSAL_QUEUE] = {false, true},
};

bool attempt_refused(struct attempt *attempt, const vigil_service_reply *r)
{
	char text[128];

	vigil_sanitize(text, sizeof(text), r->text);
	attempt->deliberate = refusals[r->refusal].deliberate;
	attempt->ends = refusals[r->refusal].ends && r->hold == NULL;
	if (interned_equals(attempt->refusal, text))
		return false;
	interned_drop(&attempt->refusal);
	attempt->refusal = json_string(text);
	return true;
}

/* --- outcome of the last restart -------------------------------------------------------------- */

/* Updates the longest time for which the service has passed all tests. */
static void measure(struct attempt *attempt, double now)
{
	if (attempt->well_since > 0)
		attempt->well_for = fmax(attempt->well_for, now - attempt->well_since);
}

static void note_well(
	const struct rules *rules, struct attempt *attempt, struct recent *recent, double now)
{
	if (attempt->well_since == 0)
		attempt->well_since = now;
	measure(attempt, now);
	if (attempt->well_for < rules->backoff_max)
		return;
	recent->setbacks = 0;
	recent->restarted = 0;
	recent_save(recent);
}

/* The service needs another restart. */
static void note_relapse(
	const struct rules *rules, struct attempt *attempt, struct recent *recent, double now)
{
	measure(attempt, now);
	if (attempt->well_for < rules->healthy_after) {
		attempt_step_back(rules, recent);
	} else {
		recent->restarted = 0;
		recent_save(recent);
	}
}

/* Resets the setbacks and the backoff of a service that has run without a problem for backoff_max
 * while no restart of vigild is being evaluated: something else has started it. */
static void forgive(const struct rules *rules, struct recent *recent, const vigil_service_reply *r,
	const struct tests *tests, double age)
{
	if (recent->setbacks == 0 || r->status != VIGIL_SERVICE_RUNNING || !tests->proven ||
		age < rules->backoff_max)
		return;
	recent->setbacks = 0;
	recent->next_try = 0;
	recent_save(recent);
}

enum outcome attempt_evaluate(const struct rules *rules, struct attempt *attempt,
	struct recent *recent, const vigil_service_reply *r, const struct tests *tests,
	double since)
{
	enum outcome outcome = OUTCOME_NONE;
	double now = vigil_now();

	if (recent->restarted == 0) {
		forgive(rules, recent, r, tests, now - since);
	} else if (attempt->starting && reply_is_down(r)) {
		return OUTCOME_FAILED;
	} else if (reply_is_down(r) || tests->sick) {
		note_relapse(rules, attempt, recent, now);
	} else if (r->status == VIGIL_SERVICE_RUNNING || reply_is_idle(r)) {
		if (attempt->starting)
			outcome = note_started(attempt, recent, tests);
		if (tests->proven) {
			note_well(rules, attempt, recent, now);
		} else {
			measure(attempt, now);
			attempt->well_since = 0;
		}
	}
	return outcome;
}

/* The restart took longer than vigild waited for it. */
vigil_service_reply attempt_late_reply(const vigil_service_reply *r)
{
	vigil_service_reply failed = *r;

	failed.error = -EIO;
	failed.fault = VIGIL_FAULT_FAILED;
	if (failed.text[0] == '\0')
		failed.text = "its manager could not start it";
	return failed;
}
