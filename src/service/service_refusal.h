/*
 * service_refusal: whether vigild refuses to restart a service.
 */
#ifndef SERVICE_REFUSAL_H
#define SERVICE_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

#include <vigil/vigil.h>

#include "service/policy.h"
#include "service/service_monitor.h"

/* A restart that is going to be dispatched. */
struct restart_facts {
	struct policy *policy;
	const char *name; /* of the service */
	const struct service_monitor *monitor;
	uint64_t *
		deferred; /* since when a package upgrade defers the restart; see policy_deferral */
	bool joins;       /* it joins a restart that was requested before */
	bool expected;    /* the failure of the service is no surprise; see policy_take_restart */
};

struct service_refusal {
	vigil_refusal kind;
	const char *why; /* NULL: the restart is not refused */
};

/* If the restart is not refused, it was taken from the budget of restart_rate, unless it joins
 * another one.  The text is valid until the service is queried again. */
struct service_refusal service_refusal(const struct restart_facts *facts);

#endif
