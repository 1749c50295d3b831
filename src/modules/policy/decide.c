/*
 * decide: see decide.h.
 *
 * The status determines what the service needs. If it needs a restart, a table in the order of
 * precedence determines what withholds the restart.
 */
#include "decide.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CHECK_SOON 0.005 /* seconds */
/* seconds; while a restart is refused for a reason that ends without an event */
#define CHECK_AGAIN 1.0

static void because(struct decision *decision, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void because(struct decision *decision, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(decision->words, sizeof(decision->words), format, ap);
	va_end(ap);
}

/* --- what withholds a restart ----------------------------------------------------------------- */

typedef bool withheld_fn(
	const struct rules *rules, const struct facts *facts, struct decision *out);

static const char *status_of(const struct facts *facts)
{
	return vigil_service_status_name(facts->status);
}

static bool is_stopped_by_admin(
	const struct rules *rules, const struct facts *facts, struct decision *out)
{
	because(out,
		"%s by an admin with vigilctl stop: left alone; to start it: vigilctl start %s",
		facts->status == VIGIL_SERVICE_FAILED ? "failed when it was stopped" : "stopped",
		facts->daemon);
	return facts->stopped_by_admin && facts->paused && vigil_service_is_down(facts->status);
}

static bool is_paused(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	because(out, "%s, but paused: left alone", status_of(facts));
	return facts->paused;
}

static bool is_held_by_manager(
	const struct rules *rules, const struct facts *facts, struct decision *out)
{
	because(out, "left alone: %s", facts->hold != NULL ? facts->hold : "");
	return facts->hold != NULL && vigil_service_is_down(facts->status);
}

static bool is_observed(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	because(out, "%s: would be restarted, but restart_on = never", status_of(facts));
	return rules->restart_on == RESTART_NEVER;
}

static bool is_clean_stop(
	const struct rules *rules, const struct facts *facts, struct decision *out)
{
	because(out, "stopped cleanly: left alone, because restart_on = failed%s%s",
		facts->many ? "" : "; to start it: vigilctl start ",
		facts->many ? "" : facts->daemon);
	/* A stop that may be a crash is restarted, because otherwise no crash would be, and so is
	 * what vigild has stopped itself. */
	return rules->restart_on == RESTART_ON_FAILED && facts->status == VIGIL_SERVICE_STOPPED &&
	       !facts->unclear_stop && !facts->torn;
}

static bool is_closed(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (facts->closed == NULL)
		return false;
	out->wait = facts->opens - facts->now;
	because(out, "%s: left alone: %s", status_of(facts), facts->closed);
	return true;
}

static bool is_burst_used(
	const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (facts->burst_free <= facts->now)
		return false;
	out->wait = facts->burst_free - facts->now;
	because(out, "%s: gave up after %u restarts in %.0f s, until the next try",
		status_of(facts), rules->burst, rules->burst_window);
	return true;
}

/* The end of a chain of restarts is not signalled to all that wait for it. */
static bool is_awaiting(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (facts->awaited == NULL)
		return false;
	because(out, "%s: waiting for %s", status_of(facts), facts->awaited);
	if (facts->awaited_since > 0)
		out->check = fmin(fmax(facts->now - facts->awaited_since, CHECK_SOON), CHECK_AGAIN);
	return true;
}

static bool is_backing_off(
	const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (facts->next_try <= facts->now)
		return false;
	out->wait = facts->next_try - facts->now;
	because(out, "%s: backing off until the next try", status_of(facts));
	return true;
}

static bool is_unstable(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (!out->with_peer || facts->wave_opens <= facts->now)
		return false;
	out->wait = facts->wave_opens - facts->now;
	because(out, "%s: waiting until %s keeps running", status_of(facts), facts->wave_by);
	return true;
}

static bool is_deferred(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (!out->with_peer || facts->deferred == NULL)
		return false;
	out->check = CHECK_AGAIN;
	because(out, "%s: left alone: %s", status_of(facts), facts->deferred);
	return true;
}

/* vigild issues the restart although the last one was refused, because only another request shows
 * whether the refusal has ended. */
static bool is_refused(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (facts->refusal == NULL)
		return false;
	because(out, "left alone: %s", facts->refusal);
	out->restart = true;
	if (facts->refusal_ends)
		out->check = CHECK_AGAIN;
	return true;
}

static const struct {
	enum withheld withheld;
	/* returns true if it applies, and then has written the words and the wait */
	withheld_fn *applies;
} reasons[] = {
	{WITHHELD_STOPPED, is_stopped_by_admin},
	{WITHHELD_PAUSED, is_paused},
	{WITHHELD_HOLD, is_held_by_manager},
	{WITHHELD_NEVER, is_observed},
	{WITHHELD_CLEAN_STOP, is_clean_stop},
	{WITHHELD_CALENDAR, is_closed},
	{WITHHELD_BURST, is_burst_used},
	{WITHHELD_DEFERRED, is_deferred},
	{WITHHELD_UNSTABLE, is_unstable},
	{WITHHELD_AWAITED, is_awaiting},
	{WITHHELD_BACKOFF, is_backing_off},
	{WITHHELD_REFUSED, is_refused},
};

/* Handles a service that needs a restart. Returns true if the restart is withheld; the words then
 * say why. Returns false if the restart is to be issued; the caller then writes the words. */
static bool is_withheld(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	out->need = NEED_RESTART;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		if (reasons[i].applies(rules, facts, out)) {
			out->withheld = reasons[i].withheld;
			return true;
		}
	}
	out->restart = true;
	return false;
}

/* --- what a service needs, by its status ------------------------------------------------------ */

/* A restart may undo what an admin did on purpose, so the words name the way out. */
static void explain_restart(const struct facts *facts, struct decision *out)
{
	const char *verb = facts->many ? "pause" : "stop";

	if (facts->status != VIGIL_SERVICE_STOPPED)
		because(out, "%s: restarting", status_of(facts));
	else if (facts->torn)
		because(out,
			"stopped by a restart that failed: restarting; to keep it down: vigilctl "
			"%s %s",
			verb, facts->daemon);
	else if (facts->unclear_stop)
		because(out,
			"stopped or crashed: restarting, because nothing shows which of the two; "
			"to keep it down: vigilctl %s %s",
			verb, facts->daemon);
	else
		because(out,
			"stopped cleanly: restarting, because restart_on = stopped; to keep it "
			"down: vigilctl %s %s, or set restart_on = failed",
			verb, facts->daemon);
}

static void decide_down(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (facts->status == VIGIL_SERVICE_STOPPED && facts->idle != NULL)
		because(out, "idle, %s: nothing to do", facts->idle);
	else if (!is_withheld(rules, facts, out))
		explain_restart(facts, out);
}

double decide_busy_age(const struct facts *facts)
{
	return fmax(facts->now - facts->since, facts->busy);
}

double decide_busy_tolerance(const struct rules *rules, const struct facts *facts)
{
	return fmax(rules->settle, facts->busy_limit);
}

/* The manager has its own limit for this work. vigild leaves the work to the manager, because a
 * restart would only undo it. */
static void decide_managed(
	const struct rules *rules, const struct facts *facts, struct decision *out)
{
	double age = decide_busy_age(facts), tolerance = decide_busy_tolerance(rules, facts);

	out->need = age > tolerance ? NEED_MANAGER : NEED_TIME;
	out->check = decide_next_check(facts->status, age);
	if (isinf(facts->busy_limit)) {
		because(out, "%s: work in progress, for which its manager sets no time limit",
			status_of(facts));
	} else if (out->need == NEED_TIME) {
		out->check = fmin(out->check, fmax(tolerance - age, CHECK_SOON));
		because(out, "%s: work in progress, which its manager ends after %.0f s",
			status_of(facts), facts->busy_limit);
	} else {
		because(out, "%s for over %.0f s: left to its manager, whose limit is %.0f s",
			status_of(facts), tolerance, facts->busy_limit);
	}
}

static void decide_busy(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	double age = decide_busy_age(facts), left = rules->settle - age;

	if (facts->busy_limit > 0) {
		decide_managed(rules, facts, out);
	} else if (left > 0) {
		out->need = NEED_TIME;
		out->check = fmin(left, decide_next_check(facts->status, age));
		because(out, "%s: work in progress, given %.0f s to settle", status_of(facts),
			rules->settle);
	} else if (!is_withheld(rules, facts, out)) {
		because(out, "%s for over %.0f s: restarting", status_of(facts), rules->settle);
	}
}

/* Handles a service that is well, and that is to be restarted because another one was. */
static void decide_wave(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	char why[sizeof(out->words)];

	out->with_peer = true;
	if (!is_withheld(rules, facts, out)) {
		because(out, "%s; restarting because of restart_with = %s", facts->wave,
			facts->wave_by);
		return;
	}
	strcpy(why, out->words);
	because(out, "%.120s; %.130s", facts->wave, why);
}

/* An observer reports a problem of the service first, because it restarts nothing anyway. */
static bool is_wave(const struct rules *rules, const struct facts *facts)
{
	bool well = facts->unprobed == NULL && facts->unjudged == NULL && facts->ailing == NULL &&
		    facts->broken == NULL && facts->expiring == NULL;

	return facts->wave != NULL && (rules->restart_on != RESTART_NEVER || well);
}

static void decide_running(
	const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (facts->sick != NULL) {
		if (!is_withheld(rules, facts, out))
			because(out, "running, but %s: restarting", facts->sick);
	} else if (is_wave(rules, facts)) {
		decide_wave(rules, facts, out);
	} else if (facts->broken != NULL) {
		out->need = NEED_ADMIN;
		because(out, "running, but %s: a restart does not help", facts->broken);
	} else if (facts->unprobed != NULL) {
		out->need = NEED_UNKNOWN;
		because(out, "running, but vigild could not probe it: no reason to restart");
	} else if (facts->unjudged != NULL) {
		out->need = NEED_UNKNOWN;
		because(out, "running, but %s: no reason to restart", facts->unjudged);
	} else if (facts->ailing != NULL) {
		out->need = NEED_TIME;
		because(out, "running, but %s: no reason to restart yet", facts->ailing);
	} else if (facts->expiring != NULL) {
		out->need = NEED_ADMIN;
		because(out, "running, but %s: no reason to restart", facts->expiring);
	} else {
		/* the most frequent case; strcpy is cheaper than a format */
		strcpy(out->words, "running: nothing to do");
	}
}

void decide(const struct rules *rules, const struct facts *facts, struct decision *decision)
{
	decision->need = NEED_NOTHING;
	decision->withheld = WITHHELD_NOT;
	decision->restart = decision->with_peer = false;
	decision->wait = decision->check = 0;
	if (facts->under_way != NULL) {
		decision->need = NEED_TIME;
		because(decision, "a %s is under way", facts->under_way);
		return;
	}
	switch (facts->status) {
	case VIGIL_SERVICE_RUNNING: decide_running(rules, facts, decision); break;
	case VIGIL_SERVICE_ABSENT: because(decision, "not installed: nothing to do"); break;
	case VIGIL_SERVICE_STOPPED:
	case VIGIL_SERVICE_FAILED: decide_down(rules, facts, decision); break;
	case VIGIL_SERVICE_STARTING:
	case VIGIL_SERVICE_STOPPING:
	case VIGIL_SERVICE_RELOADING: decide_busy(rules, facts, decision); break;
	case VIGIL_SERVICE_UNKNOWN:
	default:
		decision->need = NEED_UNKNOWN;
		because(decision, "unknown: no reason to restart");
		break;
	}
}

double decide_next_check(vigil_service_status status, double age)
{
	switch (status) {
	case VIGIL_SERVICE_STARTING:
	case VIGIL_SERVICE_STOPPING:
	case VIGIL_SERVICE_RELOADING: return fmax(age, CHECK_SOON);
	default: return 0;
	}
}

unsigned decide_kind(const struct facts *facts, const struct decision *d)
{
	unsigned kind =
		1 + (unsigned)facts->status + 8 * ((unsigned)d->need + 8 * ((unsigned)d->withheld));

	return facts->wave != NULL && d->need == NEED_RESTART ? kind + 8 * 8 * (WITHHELD_LAST + 1)
							      : kind;
}

double backoff_delay(double backoff, double backoff_max, unsigned setbacks)
{
	if (setbacks == 0 || backoff <= 0)
		return 0;
	return fmin(backoff_max, ldexp(backoff, (int)(setbacks < 60 ? setbacks : 60) - 1));
}
