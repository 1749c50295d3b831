/*
 * decide: whether a service is to be restarted now, and why, in words.
 */
#include "decide.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOOK_SOON 0.005 /* seconds */

static void because(struct decision *decision, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void because(struct decision *decision, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(decision->words, sizeof(decision->words), format, ap);
	va_end(ap);
}

/* What an admin or the rules forbid, whatever the service's need. */
static bool is_withheld(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	const char *status = vigil_service_status_name(facts->status);

	if (facts->paused)
		because(out, "%s, but paused: left alone", status);
	else if (rules->restart_on == RESTART_NEVER)
		because(out, "%s: would be restarted, but restart_on = never", status);
	else if (rules->restart_on == RESTART_ON_FAILED && facts->status == VIGIL_SERVICE_STOPPED)
		because(out, "stopped cleanly: left alone, as restart_on = failed says");
	else
		return false;
	return true;
}

static bool must_wait(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	const char *status = vigil_service_status_name(facts->status);

	if (facts->burst_free > facts->now) {
		out->wait = facts->burst_free - facts->now;
		because(out, "%s: gave up after %u restarts in %.0f s, until the next try", status,
			rules->burst, rules->burst_window);
	} else if (facts->before != NULL) {
		because(out, "%s: waiting for %s to run first", status, facts->before);
	} else if (facts->next_try > facts->now) {
		out->wait = facts->next_try - facts->now;
		because(out, "%s: backing off until the next try", status);
	} else {
		return false;
	}
	return true;
}

static void decide_down(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (is_withheld(rules, facts, out) || must_wait(rules, facts, out))
		return;
	out->restart = true;
	because(out, "%s: restarting", vigil_service_status_name(facts->status));
}

static void decide_busy(const struct rules *rules, const struct facts *facts, struct decision *out)
{
	const char *status = vigil_service_status_name(facts->status);
	double left = facts->since + rules->settle - facts->now;

	if (left > 0) {
		out->look = fmin(left, decide_look(facts->status, facts->now - facts->since));
		because(out, "%s: work in progress, given %.0f s to settle", status, rules->settle);
		return;
	}
	if (is_withheld(rules, facts, out) || must_wait(rules, facts, out))
		return;
	out->restart = true;
	because(out, "%s for over %.0f s: restarting", status, rules->settle);
}

/* It runs, but does not do its work. */
static void decide_unwell(
	const struct rules *rules, const struct facts *facts, struct decision *out)
{
	if (facts->unwell == NULL) {
		strcpy(out->words, "running: nothing to do"); /* nearly always: worth no format */
		return;
	}
	if (is_withheld(rules, facts, out) || must_wait(rules, facts, out))
		return;
	out->restart = true;
	because(out, "running, but %s: restarting", facts->unwell);
}

void decide(const struct rules *rules, const struct facts *facts, struct decision *decision)
{
	*decision = (struct decision){0};
	if (facts->under_way) {
		because(decision, "a restart is under way");
		return;
	}
	switch (facts->status) {
	case VIGIL_SERVICE_RUNNING: decide_unwell(rules, facts, decision); break;
	case VIGIL_SERVICE_ABSENT: because(decision, "not installed: nothing to do"); break;
	case VIGIL_SERVICE_STOPPED:
	case VIGIL_SERVICE_FAILED: decide_down(rules, facts, decision); break;
	case VIGIL_SERVICE_STARTING:
	case VIGIL_SERVICE_STOPPING:
	case VIGIL_SERVICE_RELOADING: decide_busy(rules, facts, decision); break;
	case VIGIL_SERVICE_UNKNOWN:
	default: because(decision, "unknown: no reason to restart"); break;
	}
}

double decide_look(vigil_service_status status, double age)
{
	switch (status) {
	case VIGIL_SERVICE_STARTING:
	case VIGIL_SERVICE_STOPPING:
	case VIGIL_SERVICE_RELOADING: return fmax(age, LOOK_SOON);
	default: return 0;
	}
}

double backoff_delay(double backoff, double backoff_max, unsigned failures)
{
	if (failures == 0 || backoff <= 0)
		return 0;
	return fmin(backoff_max, ldexp(backoff, (int)(failures < 60 ? failures : 60) - 1));
}
