/*
 * service_restart: restarts the service and evaluates the outcome.
 *
 * A restart that failed and a restart that did not help are setbacks, and each setback increases
 * the backoff. A restart has helped if the service then passed all tests for healthy_after,
 * whatever the reason for the restart was. When the service has passed all tests for backoff_max,
 * the number of setbacks is reset to 0.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "interned.h"
#include "service.h"

static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg);

/* --- outcome of the last restart -------------------------------------------------------------- */

static void step_back(struct instance *self)
{
	struct recent *recent = &self->recent;

	recent->setbacks++;
	recent->next_try =
		vigil_now() + backoff_delay(self->backoff, self->backoff_max, recent->setbacks);
	recent->restarted = 0;
	recent_save(recent);
}

static bool is_idle(const vigil_service_reply *r)
{
	return r->status == VIGIL_SERVICE_STOPPED && r->idle != NULL && r->idle[0] != '\0';
}

static bool is_down(const vigil_service_reply *r)
{
	return vigil_service_is_down(r->status) && !is_idle(r);
}

/* Updates the longest time for which the service has passed all tests. */
static void measure(struct attempt *attempt, double now)
{
	if (attempt->well_since > 0)
		attempt->well_for = fmax(attempt->well_for, now - attempt->well_since);
}

static void note_well(struct instance *self, double now)
{
	struct attempt *attempt = &self->attempt;

	if (attempt->well_since == 0)
		attempt->well_since = now;
	measure(attempt, now);
	if (attempt->well_for < self->backoff_max)
		return;
	self->recent.setbacks = 0;
	self->recent.restarted = 0;
	recent_save(&self->recent);
}

/* The service needs another restart. */
static void note_relapse(struct instance *self, double now)
{
	struct attempt *attempt = &self->attempt;

	measure(attempt, now);
	if (attempt->well_for < self->healthy_after) {
		step_back(self);
	} else {
		self->recent.restarted = 0;
		recent_save(&self->recent);
	}
}

static void note_started(struct instance *self, const vigil_service_reply *r, double seconds)
{
	self->attempt.starting = false;
	/* Without tests, a running service counts as healthy. */
	self->attempt.well_since = self->serving == NULL ? vigil_now() : 0;
	self->totals.restart_error = 0;
	record_totals(self);
	if (!self->attempt.by_admin)
		recent_add(&self->recent, &self->recent.recoveries, vigil_now());
	recent_save(&self->recent);
	vigil_event(self->daemon, "restart %d worked after %.2f s: %s", (int)self->totals.restarts,
		seconds, vigil_service_status_name(r->status));
	vigil_log(self->daemon, VIGIL_NOTICE, "%s is %s again, restarted in %.2f s (restart %d)",
		r->name, vigil_service_status_name(r->status), seconds, (int)self->totals.restarts);
}

static void note_failure(struct instance *self, const vigil_service_reply *r)
{
	const char *kind = vigil_service_fault_name(r->fault);

	self->totals.restart_error++;
	self->totals.restart_errors++;
	self->attempt.starting = false;
	self->attempt.denied = r->fault == VIGIL_FAULT_DENIED;
	step_back(self);
	/* The error is written before the count, so that subscribers of the count can read it. */
	record_error(self, r);
	record_totals(self);
	vigil_event(self->daemon, "restart %d: %s: %s", (int)self->totals.restarts, kind, r->text);
	vigil_error(self->daemon, "%s could not be restarted (%s, %d in a row): %s", r->name, kind,
		(int)self->totals.restart_error, r->text);
}

/* The restart took longer than vigild waited for it, and the manager has since given up. */
static void note_late_failure(struct instance *self, const vigil_service_reply *r)
{
	vigil_service_reply failed = *r;

	failed.error = -EIO;
	failed.fault = VIGIL_FAULT_FAILED;
	if (failed.text[0] == '\0')
		failed.text = "its manager could not start it";
	note_failure(self, &failed);
}

/* Resets the setbacks and the backoff of a service that has run without a problem for backoff_max
 * while no restart of vigild is being evaluated: something else has started it. */
static void forgive(struct instance *self, const vigil_service_reply *r,
	const struct verdict *verdict, double now)
{
	if (self->recent.setbacks == 0 || r->status != VIGIL_SERVICE_RUNNING || !verdict->proven ||
		now - self->seen.since < self->backoff_max)
		return;
	self->recent.setbacks = 0;
	self->recent.next_try = 0;
	recent_save(&self->recent);
}

void restart_evaluate(
	struct instance *self, const vigil_service_reply *r, const struct verdict *verdict)
{
	struct attempt *attempt = &self->attempt;
	double now = vigil_now();

	if (self->recent.restarted == 0) {
		forgive(self, r, verdict, now);
		return;
	}
	if (attempt->starting && is_down(r)) {
		note_late_failure(self, r);
	} else if (is_down(r) || verdict->sick != NULL) {
		note_relapse(self, now);
	} else if (r->status == VIGIL_SERVICE_RUNNING || is_idle(r)) {
		if (attempt->starting)
			note_started(self, r, now - attempt->began);
		if (verdict->proven) {
			note_well(self, now);
		} else {
			measure(attempt, now);
			attempt->well_since = 0;
		}
	}
}

/* --- issuing a restart ------------------------------------------------------------------------ */

bool restart_begin(struct instance *self)
{
	bool again = self->attempt.refusal != NULL;

	if (vigil_service_restart(self->service, on_restarted, self) != 0)
		return false; /* the queue is full; the next check tries again */
	self->attempt.under_way = true;
	self->attempt.by_admin = false;
	self->attempt.began = vigil_now();
	self->seen.ran = 0;
	if (!again)
		vigil_event(self->daemon, "restart issued");
	return true;
}

/* A restart that an admin requests ignores the backoff, the burst limit, the calendar and a pause.
 */
int restart_by_admin(vigil_daemon *d, void *arg)
{
	struct instance *self = arg;

	if (self->attempt.under_way)
		return -EALREADY;
	interned_drop(&self->attempt.refusal);
	vigil_event(d, "restart requested by an admin");
	vigil_log(d, VIGIL_NOTICE, "%s: restarting: requested by an admin",
		vigil_service_name(self->service));
	if (!restart_begin(self))
		return -EAGAIN;
	self->attempt.by_admin = true;
	return 0;
}

/* --- answers to a restart --------------------------------------------------------------------- */

static void note_success(struct instance *self, const vigil_service_reply *r)
{
	self->recent.restarted = vigil_now();
	self->recent.next_try = 0;
	self->attempt.well_since = self->attempt.well_for = 0;
	self->attempt.starting = r->status == VIGIL_SERVICE_STARTING ||
				 /* STOPPING: the first half of the restart */
				 r->status == VIGIL_SERVICE_STOPPING;
	if (!self->attempt.starting) {
		note_started(self, r, r->seconds);
		return;
	}
	recent_save(&self->recent);
	record_totals(self);
	vigil_event(self->daemon, "restart %d is in progress: its manager is still starting it",
		(int)self->totals.restarts);
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

/* vigild did nothing to the service, so this neither counts as a failure nor uses up the burst
 * limit. */
static void note_refusal(struct instance *self, const vigil_service_reply *r)
{
	char text[128];

	vigil_sanitize(text, sizeof(text), r->text);
	self->attempt.deliberate = refusals[r->refusal].deliberate;
	self->attempt.ends = refusals[r->refusal].ends && r->hold == NULL;
	if (interned_equals(self->attempt.refusal, text))
		return;
	interned_drop(&self->attempt.refusal);
	self->attempt.refusal = json_string(text);
	vigil_event(self->daemon, "not restarted: %s", text);
	vigil_log(self->daemon, VIGIL_WARN, "%s is not restarted: %s", r->name, text);
}

static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct instance *self = arg;

	self->attempt.under_way = false;
	if (r->fault == VIGIL_FAULT_REFUSED) {
		note_refusal(self, r);
		instance_review(self, r, false);
		return;
	}
	interned_drop(&self->attempt.refusal);
	serving_reset(self->serving);
	if (!self->attempt.by_admin)
		recent_add(&self->recent, &self->recent.restarts, self->attempt.began);
	self->totals.restarts++;
	if (r->error == 0)
		note_success(self, r);
	else
		note_failure(self, r);
	record_reply(self, r);
	vigil_state_unset(self->daemon, PLACE "next_retry");
	instance_review(self, r, false);
	instance_notify_peers(self, r);
}
