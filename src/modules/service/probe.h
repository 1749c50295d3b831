/*
 * probe: asks a running service itself whether it serves: over TCP, by HTTP, or by a command.
 *
 * It makes one attempt after the other and reports each outcome; the caller counts them.
 */
#ifndef PROBE_H
#define PROBE_H

#include <vigil/vigil.h>

#include "probe_answer.h"

struct probe;

/* why: in words; "" for a success. */
typedef void probe_fn(vigil_daemon *d, enum probe_outcome outcome, const char *why, void *arg);

struct probe_spec {
	const char *target;         /* see probe_target.h; copied */
	const char *const *command; /* where the target is a command; must outlive the probe */
	double interval, timeout;
	probe_fn *on_outcome;
	void *arg;
};

/* Freed with the daemon.  NULL, having refused with the reason, where the target is wrong. */
struct probe *probe_new(vigil_daemon *d, const struct probe_spec *spec);

/* Probes from now on: the first time after a second, or the interval where that is less. */
void probe_start(struct probe *probe);
/* No more; what is under way is not reported. */
void probe_stop(struct probe *probe);

#endif
