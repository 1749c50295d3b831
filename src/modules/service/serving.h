/*
 * serving: tests whether a running service answers its probe and stays within its limits.
 *
 * It uses the options probe and probe_*, and those of limits.h, and keeps the result of the last
 * probe at service_state/probe. The other functions accept the NULL that serving_new may return.
 */
#ifndef SERVING_H
#define SERVING_H

#include "modules/usage/usage.h"

struct serving;

/* Creates the tests from the daemon's options. The result is freed with the daemon. on_news is
 * called when the outcome of a probe or of a measurement may change the health. Returns NULL if no
 * option is set, and if an option is invalid; the reason is then reported with vigil_fail, and the
 * start fails. */
struct serving *serving_new(
	vigil_daemon *d, struct usage *usage, vigil_tick_fn *on_news, void *arg);

/* Ends the probe. The memory is freed with the daemon. */
void serving_close(struct serving *serving);

/* Processes the result of a check. */
void serving_check(struct serving *serving, const vigil_service_reply *r);
/* Makes a probe soon, unless the last one succeeded, because another service waits for its success.
 * Such probes do not count more often than the option probe_interval says. */
void serving_hurry(struct serving *serving);
/* The service is being restarted. All failures that were counted are dropped. */
void serving_reset(struct serving *serving);

/* The problems of the running service. Each text is NULL if there is no such problem, and is valid
 * until the next call. */
struct verdict {
	const char *sick;     /* beyond its tolerance: a reason to restart */
	const char *ailing;   /* within its tolerance */
	const char *unprobed; /* why vigild could not make the probe */
	const char *broken;   /* it answers, but not as it should, and a restart does not help */
	const char *expiring; /* when its certificate ends, if that is soon */
	const char *unjudged; /* why a limit or a condition of restart_when cannot be judged */
	bool by_condition;    /* ailing or unjudged is set by restart_when and the only problem */
	/* there is no problem, and each test has passed since the service started */
	bool proven;
};
void serving_evaluate(struct serving *serving, struct verdict *verdict);
/* Returns whether there is a probe, and the last one succeeded. */
bool serving_serves(const struct serving *serving);
/* Returns whether there is no problem. */
bool verdict_is_well(const struct verdict *verdict);

#endif
