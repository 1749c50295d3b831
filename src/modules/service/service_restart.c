/*
 * service_restart: restarts the service and reports the outcome, which attempt.h evaluates.
 */
#include "modules/policy/interned.h"
#include "service.h"

static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg);

/* --- outcome of the last restart -------------------------------------------------------------- */

void restart_step_back(struct instance *self)
{
	attempt_step_back(&self->rules, &self->recent);
}

static void note_started(struct instance *self, const vigil_service_reply *r, double seconds)
{
	self->totals.restart_error = 0;
	record_totals(self);
	vigil_event(self->daemon, "restart %d worked after %.2f s: %s", (int)self->totals.restarts,
		seconds, vigil_service_status_name(r->status));
	vigil_log(self->daemon, VIGIL_NOTICE, "%s is %s again, restarted in %.2f s (restart %d)",
		instance_subject(self, r->name), vigil_service_status_name(r->status), seconds,
		(int)self->totals.restarts);
}

static void note_failure(struct instance *self, const vigil_service_reply *r)
{
	const char *kind = vigil_service_fault_name(r->fault);

	self->totals.restart_error++;
	self->totals.restart_errors++;
	attempt_failed(&self->rules, &self->attempt, &self->recent, r);
	/* The error is written before the count, so that subscribers of the count can read it. */
	record_error(self, r);
	record_totals(self);
	vigil_event(self->daemon, "restart %d: %s: %s", (int)self->totals.restarts, kind, r->text);
	vigil_error(self->daemon, "%s could not be restarted (%s, %d in a row): %s",
		instance_subject(self, r->name), kind, (int)self->totals.restart_error, r->text);
}

static struct tests tests_of(const struct instance *self, const struct verdict *verdict)
{
	return (struct tests){.any = instance_is_tested(self),
		.sick = verdict->sick != NULL,
		.proven = verdict->proven};
}

void restart_evaluate(
	struct instance *self, const vigil_service_reply *r, const struct verdict *verdict)
{
	struct tests tests = tests_of(self, verdict);
	enum outcome outcome = attempt_evaluate(
		&self->rules, &self->attempt, &self->recent, r, &tests, self->seen.since);
	vigil_service_reply late = attempt_late_reply(r);

	if (outcome == OUTCOME_FAILED)
		note_failure(self, &late);
	else if (outcome == OUTCOME_STARTED)
		note_started(self, r, vigil_now() - self->attempt.began);
}

/* --- issuing a restart ------------------------------------------------------------------------ */

bool restart_begin(struct instance *self)
{
	bool again = self->attempt.refusal != NULL;

	if (vigil_service_restart(self->service, on_restarted, self) != 0)
		return false; /* the queue is full; the next check tries again */
	self->attempt.under_way = true;
	deaths_request(&self->deaths, DEATHS_BY_VIGIL);
	self->attempt.by_admin = self->attempt.with_peer = false;
	self->attempt.began = vigil_now();
	self->seen.ran = 0;
	if (!again)
		vigil_event(self->daemon, "restart issued");
	return true;
}

/* --- answers to a restart --------------------------------------------------------------------- */

static void note_success(struct instance *self, const vigil_service_reply *r)
{
	struct tests tests = {.any = instance_is_tested(self)};

	if (attempt_worked(&self->attempt, &self->recent, r, &tests) == OUTCOME_STARTED) {
		note_started(self, r, r->seconds);
		return;
	}
	record_totals(self);
	vigil_event(self->daemon, "restart %d is in progress: its manager is still starting it",
		(int)self->totals.restarts);
}

static void note_refusal(struct instance *self, const vigil_service_reply *r)
{
	const char *text;

	if (!attempt_refused(&self->attempt, r))
		return;
	text = json_string_value(self->attempt.refusal);
	vigil_event(self->daemon, "not restarted: %s", text);
	vigil_log(self->daemon, VIGIL_WARN, "%s is not restarted: %s",
		instance_subject(self, r->name), text);
}

static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct instance *self = arg;

	self->attempt.under_way = false;
	if (r->fault == VIGIL_FAULT_REFUSED) {
		note_refusal(self, r);
		instance_review(self, r, false);
		admin_restarted(self, r);
		return;
	}
	interned_drop(&self->attempt.refusal);
	instance_reset(self);
	conditions_restarted(self->conditions, r);
	if (!self->attempt.by_admin)
		recent_add(&self->recent, &self->recent.restarts, self->attempt.began);
	self->totals.restarts++;
	if (r->error == 0)
		note_success(self, r);
	else
		note_failure(self, r);
	record_reply(self, r);
	peers_restarted(self, r);
	peers_observe(self, r);
	vigil_state_unset(self->daemon, PLACE "next_retry");
	instance_review(self, r, false);
	peers_notify(self, r);
	admin_restarted(self, r);
}
