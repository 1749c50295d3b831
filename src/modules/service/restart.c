/*
 * restart: restarts the service, and judges what came of it.
 *
 * A restart that failed, and one that did not help, is a setback: the backoff grows.  Whether it
 * helped shows later: it did when the service was well for healthy_after, whatever the reason of the
 * restart was; and all is forgiven when it was well for backoff_max.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "interned.h"
#include "watch.h"

static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg);

/* --- judging the last one ------------------------------------------------------------------------ */

static void step_back(struct watch *w)
{
	struct recent *recent = &w->recent;

	recent->setbacks++;
	recent->next_try =
		vigil_now() + backoff_delay(w->backoff, w->backoff_max, recent->setbacks);
	recent->restarted = 0;
	recent_save(recent);
}

static void note_well(struct watch *w, double now)
{
	struct attempt *attempt = &w->attempt;

	if (attempt->well_since == 0)
		attempt->well_since = fmax(w->recent.restarted, w->serving != NULL ? now : 0);
	attempt->well_for = fmax(attempt->well_for, now - attempt->well_since);
	if (attempt->well_for < w->backoff_max)
		return;
	w->recent.setbacks = 0;
	w->recent.restarted = 0;
	recent_save(&w->recent);
}

/* It needs another restart. */
static void note_relapse(struct watch *w, double now)
{
	struct attempt *attempt = &w->attempt;

	if (attempt->well_since > 0)
		attempt->well_for = fmax(attempt->well_for, now - attempt->well_since);
	if (attempt->well_for < w->healthy_after || attempt->starting) {
		step_back(w);
	} else {
		w->recent.restarted = 0;
		recent_save(&w->recent);
	}
}

static void note_started(struct watch *w, const vigil_service_reply *r, double seconds)
{
	w->attempt.starting = false;
	w->totals.restart_error = 0;
	record_totals(w);
	if (!w->attempt.by_admin)
		recent_add(&w->recent, &w->recent.recoveries, vigil_now());
	recent_save(&w->recent);
	vigil_event(w->daemon, "restart %d worked after %.2f s: %s", (int)w->totals.restarts,
		seconds, vigil_service_status_name(r->status));
	vigil_log(w->daemon, VIGIL_NOTICE, "%s is %s again, restarted in %.2f s (restart %d)",
		r->name, vigil_service_status_name(r->status), seconds, (int)w->totals.restarts);
}

void restart_judge(struct watch *w, const vigil_service_reply *r, const struct verdict *verdict)
{
	struct attempt *attempt = &w->attempt;
	double now = vigil_now();

	if (w->recent.restarted == 0)
		return;
	if (vigil_service_is_down(r->status) || verdict->sick != NULL) {
		if (attempt->starting)
			vigil_event(w->daemon, "restart %d did not bring it up",
				(int)w->totals.restarts);
		note_relapse(w, now);
		attempt->starting = false;
	} else if (r->status == VIGIL_SERVICE_RUNNING) {
		if (attempt->starting)
			note_started(w, r, now - attempt->began);
		if (verdict->proven)
			note_well(w, now);
		else
			attempt->well_since = 0;
	}
}

/* --- issuing one ----------------------------------------------------------------------------------- */

bool restart_begin(struct watch *w)
{
	bool again = w->attempt.refusal != NULL;

	if (vigil_service_restart(w->service, on_restarted, w) != 0)
		return false; /* the queue is full; the next check tries again */
	w->attempt.under_way = true;
	w->attempt.by_admin = false;
	w->attempt.began = vigil_now();
	w->seen.ran = 0;
	if (!again)
		vigil_event(w->daemon, "restart issued");
	return true;
}

/* An admin's word goes before the backoff, the burst and a pause. */
int restart_by_admin(vigil_daemon *d, void *arg)
{
	struct watch *w = arg;

	if (w->attempt.under_way)
		return -EALREADY;
	interned_drop(&w->attempt.refusal);
	vigil_event(d, "restart asked for by an admin");
	vigil_log(d, VIGIL_NOTICE, "%s: restarting, as an admin asked",
		vigil_service_name(w->service));
	if (!restart_begin(w))
		return -EAGAIN;
	w->attempt.by_admin = true;
	return 0;
}

/* --- what came of it ------------------------------------------------------------------------------- */

static void note_success(struct watch *w, const vigil_service_reply *r)
{
	w->recent.restarted = vigil_now();
	w->recent.next_try = 0;
	w->attempt.well_since = w->attempt.well_for = 0;
	w->attempt.starting = r->status == VIGIL_SERVICE_STARTING;
	if (!w->attempt.starting) {
		note_started(w, r, r->seconds);
		return;
	}
	recent_save(&w->recent);
	record_totals(w);
	vigil_event(w->daemon, "restart %d is in progress: its manager is still starting it",
		(int)w->totals.restarts);
}

static void note_failure(struct watch *w, const vigil_service_reply *r)
{
	const char *kind = vigil_service_fault_name(r->fault);

	w->totals.restart_error++;
	w->totals.restart_errors++;
	w->attempt.starting = false;
	w->attempt.denied = r->fault == VIGIL_FAULT_DENIED;
	step_back(w);
	/* The error first, so that it is there when the count is announced. */
	record_error(w, r);
	record_totals(w);
	vigil_event(w->daemon, "restart %d: %s: %s", (int)w->totals.restarts, kind, r->text);
	vigil_error(w->daemon, "%s could not be restarted (%s, %d in a row): %s", r->name, kind,
		(int)w->totals.restart_error, r->text);
}

/* What vigild refuses, by a part of its words.  Anything else is done on purpose: what is masked, is
 * being stopped or upgraded is left alone, and nobody says when that has ended. */
static const struct refusal {
	const char *part;
	bool deliberate, ends;
} refusals[] = {
	{"the configuration denies", false, false},
	{"restart_rate", false, true},
	{"queue of calls", false, true},
	{"", true, true},
};

static const struct refusal *refusal_of(const char *text)
{
	const struct refusal *refusal = refusals;

	while (strstr(text, refusal->part) == NULL)
		refusal++;
	return refusal;
}

/* Nothing was done to the service, so nothing failed and no burst is used up. */
static void note_refusal(struct watch *w, const vigil_service_reply *r)
{
	const struct refusal *refusal = refusal_of(r->text);
	char text[128];

	vigil_clean(text, sizeof(text), r->text);
	w->attempt.deliberate = refusal->deliberate;
	w->attempt.ends = refusal->ends && r->hold == NULL;
	if (interned_equals(w->attempt.refusal, text))
		return;
	interned_drop(&w->attempt.refusal);
	w->attempt.refusal = json_string(text);
	vigil_event(w->daemon, "not restarted: %s", text);
	vigil_log(w->daemon, VIGIL_WARN, "%s is not restarted: %s", r->name, text);
}

static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct watch *w = arg;

	w->attempt.under_way = false;
	if (r->fault == VIGIL_FAULT_REFUSED) {
		note_refusal(w, r);
		watch_review(w, r, false);
		return;
	}
	interned_drop(&w->attempt.refusal);
	serving_reset(w->serving);
	if (!w->attempt.by_admin)
		recent_add(&w->recent, &w->recent.restarts, w->attempt.began);
	w->totals.restarts++;
	if (r->error == 0)
		note_success(w, r);
	else
		note_failure(w, r);
	record_reply(w, r);
	vigil_state_unset(w->daemon, PLACE "next_retry");
	watch_review(w, r, false);
	watch_tell_peers(w, r);
}
