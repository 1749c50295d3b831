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
	because(out,
		"stopped cleanly: left alone, because restart_on = failed; to start it: "
		"vigilctl restart %s",
		facts->daemon);
	/* A stop that may be a crash is restarted, because otherwise no crash would be. */
	return rules->restart_on == RESTART_ON_FAILED && facts->status == VIGIL_SERVICE_STOPPED &&
	       !facts->unclear_stop;
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

static bool is_awaiting(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (facts->awaited == NULL)
		return false;
	because(out, "%s: waiting for %s to run first", status_of(facts), facts->awaited);
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
	{WITHHELD_PAUSED, is_paused},
	{WITHHELD_HOLD, is_held_by_manager},
	{WITHHELD_NEVER, is_observed},
	{WITHHELD_CLEAN_STOP, is_clean_stop},
	{WITHHELD_CALENDAR, is_closed},
	{WITHHELD_BURST, is_burst_used},
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
	if (facts->status != VIGIL_SERVICE_STOPPED)
		because(out, "%s: restarting", status_of(facts));
	else if (facts->unclear_stop)
		because(out,
			"stopped or crashed: restarting, because nothing shows which of the two; "
			"to keep it down: vigilctl pause %s",
			facts->daemon);
	else
		because(out,
			"stopped cleanly: restarting, because restart_on = stopped; to keep it "
			"down: vigilctl pause %s, or set restart_on = failed",
			facts->daemon);
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

static void decide_running(
	const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (facts->sick != NULL) {
		if (!is_withheld(rules, facts, out))
			because(out, "running, but %s: restarting", facts->sick);
	} else if (facts->unprobed != NULL) {
		out->need = NEED_UNKNOWN;
		because(out, "running, but vigild could not probe it: no reason to restart");
	} else if (facts->ailing != NULL) {
		out->need = NEED_TIME;
		because(out, "running, but %s: no reason to restart yet", facts->ailing);
	} else {
		/* the most frequent case; strcpy is cheaper than a format */
		strcpy(out->words, "running: nothing to do");
	}
}

void decide(const struct rules *rules, const struct facts *facts, struct decision *decision)
{
	decision->need = NEED_NOTHING;
	decision->withheld = WITHHELD_NOT;
	decision->restart = false;
	decision->wait = decision->check = 0;
	if (facts->restarting) {
		decision->need = NEED_TIME;
		because(decision, "a restart is under way");
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

double backoff_delay(double backoff, double backoff_max, unsigned setbacks)
{
	if (setbacks == 0 || backoff <= 0)
		return 0;
	return fmin(backoff_max, ldexp(backoff, (int)(setbacks < 60 ? setbacks : 60) - 1));
}
