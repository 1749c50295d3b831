/*
 * probe: tests whether a running service answers: over TCP, over HTTP or with a command.
 *
 * A probe makes one attempt after the other and reports the outcome of each. The caller counts the
 * outcomes.
 */
#ifndef PROBE_H
#define PROBE_H

#include <vigil/vigil.h>

#include "probe_answer.h"

struct probe;

/* why: the reason in words; "" for a success. */
typedef void probe_fn(vigil_daemon *d, enum probe_outcome outcome, const char *why, void *arg);

struct probe_spec {
	const char *target; /* see probe_target.h; parsed by probe_new */
	/* used if the target is a command; borrowed, must outlive the probe */
	const char *const *command;
	double interval, timeout;
	probe_fn *on_outcome;
	void *arg;
};

/* Creates a probe, which is freed with the daemon. If the target is invalid, reports the reason
 * with vigil_fail and returns NULL. */
struct probe *probe_new(vigil_daemon *d, const struct probe_spec *spec);

/* Starts probing. The first attempt is after one second, or after the interval if that is
 * shorter. */
void probe_start(struct probe *probe);
/* Stops probing. An attempt in progress is cancelled and not reported. */
void probe_stop(struct probe *probe);

#endif
