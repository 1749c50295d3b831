/*
 * service_refusal: whether vigild refuses to restart, start or stop a service.
 */
#ifndef SERVICE_REFUSAL_H
#define SERVICE_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

#include <vigil/vigil.h>

#include "service/policy.h"
#include "service/service_call.h"
#include "service/service_monitor.h"

/* A restart, start or stop that is going to be dispatched. */
struct change_facts {
	enum service_verb verb; /* not SERVICE_QUERY */
	struct policy *policy;
	const char *name; /* of the service */
	const struct service_monitor *monitor;
	uint64_t *
		deferred; /* since when a package upgrade defers the restart; see policy_deferral */
	bool joins;       /* it joins an equal change that was requested before */
	enum restart_turn turn;
};

struct service_refusal {
	vigil_refusal kind;
	const char *why; /* NULL: it is not refused */
};

/* The state of the service and the machine may forbid a restart and a start.  restart_rate and a
 * package upgrade limit restarts only, because an admin requests the other two.  A restart that is
 * not refused was taken from the budget of restart_rate, unless it joins another one.  The text is
 * valid until the service is queried again. */
struct service_refusal service_refusal(const struct change_facts *facts);

/* Returns why the machine defers a restart that can wait; NULL: it does not. since: as for
 * policy_deferral, for this purpose alone. */
const char *service_deferral(const struct policy *policy, uint64_t *since);

#endif
