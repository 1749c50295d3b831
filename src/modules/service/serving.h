/*
 * serving: tests whether a running service answers its probe and stays within its limits.
 *
 * It uses the options probe and probe_*, memory_max and cpu_max. The other functions accept the
 * NULL that serving_new may return.
 */
#ifndef SERVING_H
#define SERVING_H

#include <vigil/vigil.h>

struct serving;

/* Creates the tests from the daemon's options. The result is freed with the daemon. on_news is
 * called when the outcome of a probe may change the health. Returns NULL if no option is set, and
 * if an option is invalid; the reason is then reported with vigil_fail, and the start fails. */
struct serving *serving_new(vigil_daemon *d, vigil_tick_fn *on_news, void *arg);

/* Processes the result of a check. */
void serving_check(struct serving *serving, const vigil_service_reply *r);
/* The service is being restarted. All failures that were counted are dropped. */
void serving_reset(struct serving *serving);

/* The problems of the running service. Each text is NULL if there is no such problem, and is valid
 * until the next call. */
struct verdict {
	const char *sick;     /* beyond its tolerance: a reason to restart */
	const char *ailing;   /* within its tolerance */
	const char *unprobed; /* why vigild could not make the probe */
	/* there is no problem, and each test has passed since the service started */
	bool proven;
};
void serving_evaluate(struct serving *serving, struct verdict *verdict);

#endif
