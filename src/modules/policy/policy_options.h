/*
 * policy_options: the options of the policy, which the modules service and machine share.
 */
#ifndef POLICY_OPTIONS_H
#define POLICY_OPTIONS_H

#include <vigil/vigil.h>

#include "decide.h"
#include "recent.h"

/* The rows of the schema, without a comma at the end. on: the default of restart_on. */
#define POLICY_RESTART_ON(on)                                                                  \
	VIGIL_OPTION("restart_on", VIGIL_CHOICE, on,                                           \
		"stopped: restart whenever it is down; failed: not after a clean stop; never", \
		.choices = "stopped failed never")
#define POLICY_OPTIONS                                                                           \
	VIGIL_OPTION("settle", VIGIL_DURATION, "90s",                                            \
		"how long the service may be starting, stopping or reloading", .min = 0,         \
		.max = 86400),                                                                   \
		VIGIL_OPTION("backoff", VIGIL_DURATION, "5s",                                    \
			"the delay after a restart that failed or did not help; it doubles; 0: " \
			"try at every check",                                                    \
			.min = 0, .max = 86400),                                                 \
		VIGIL_OPTION("backoff_max", VIGIL_DURATION, "5m", "the maximum of backoff",      \
			.min = 0, .max = 86400),                                                 \
		VIGIL_OPTION("healthy_after", VIGIL_DURATION, "10s",                             \
			"how long the service must run after a restart to count as healthy",     \
			.min = 0, .max = 86400),                                                 \
		VIGIL_OPTION("burst", VIGIL_INT, "0",                                            \
			"the maximum number of restarts in burst_window; 0: no limit", .min = 0, \
			.max = RECENT_MAX),                                                      \
		VIGIL_OPTION("burst_window", VIGIL_DURATION, "10m",                              \
			"the time to which burst applies", .min = 1, .max = 86400),              \
		VIGIL_OPTION("only_during", VIGIL_CALENDAR, NULL,                                \
			"windows of time; outside them the service is not restarted"),           \
		VIGIL_OPTION("not_during", VIGIL_CALENDAR, NULL,                                 \
			"windows of time; inside them the service is not restarted")

/* Sets all rules except those of respawn_max. */
void policy_read(vigil_daemon *d, struct rules *rules);

#endif
