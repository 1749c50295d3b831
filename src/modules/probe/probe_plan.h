/*
 * probe_plan: the options of a probe, checked and decoded.
 */
#ifndef PROBE_PLAN_H
#define PROBE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

#include "probe_expect.h"
#include "probe_target.h"

#define PROBE_RANGES 16

/* The options as texts.  They are borrowed and must outlive the plan. */
struct probe_settings {
	const char *target;
	const char *const *command;            /* used if the target is a command */
	const char *send, *expect, *host, *ca; /* NULL: not set */
	const char *const *status;             /* ends with NULL */
	bool verify;
	double timeout; /* seconds */
};

struct probe_plan {
	struct probe_target target;
	const char *const *command;
	const char *expect;      /* checked; NULL: every answer is a success */
	struct probe_bytes send; /* the HTTP request, or probe_send; length 0: nothing */
	struct {
		int first, last;
	} ranges[PROBE_RANGES]; /* of the HTTP status */
	unsigned range_count;
	const char *name; /* in the certificate and in redirects */
	const char *ca;   /* NULL: the CAs of the system */
	bool verify;
	double timeout;
};

/* Reads the options `probe` and probe_* of the daemon.  target is NULL if there is no probe. */
void probe_settings_read(vigil_daemon *d, struct probe_settings *settings);

/* Returns 0, or -EINVAL with the name of the wrong option in *option and the reason in why.  A name
 * that needs a look-up and TLS are refused if vigil is built without them. */
int probe_plan_make(const struct probe_settings *settings, struct probe_plan *plan,
	const char **option, char *why, size_t size);

#endif
