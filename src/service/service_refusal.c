/*
 * service_refusal: see service_refusal.h.  The reasons are checked in this order: the
 * configuration, the machine, a package upgrade, the unit, and the rate of all restarts.
 */
#include "service/service_refusal.h"

#include "service/shutdown.h"

static const char *refuse_by_state(const struct service_monitor *monitor)
{
	if (monitor->stale)
		return NULL;
	if (monitor->cached.hold != NULL)
		return monitor->cached.hold;
	return monitor->cached.idle;
}

struct service_refusal service_refusal(const struct restart_facts *facts)
{
	struct service_refusal refusal = {.kind = VIGIL_REFUSAL_STATE};

	if (policy_denies(facts->policy, facts->name))
		return (struct service_refusal){
			VIGIL_REFUSAL_DENY, "the configuration denies restarting it"};
	refusal.why = shutdown_announced("");
	if (refusal.why == NULL && facts->monitor->cached.status == VIGIL_SERVICE_STOPPED)
		refusal.why = policy_deferral(facts->policy, facts->deferred);
	if (refusal.why == NULL)
		refusal.why = refuse_by_state(facts->monitor);
	if (refusal.why == NULL && !facts->joins &&
		!policy_take_restart(facts->policy, facts->expected))
		return (struct service_refusal){VIGIL_REFUSAL_RATE,
			"restart_rate is reached, which counts the restarts of all services"};
	return refusal;
}
