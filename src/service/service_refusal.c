/*
 * service_refusal: see service_refusal.h.  The reasons are checked in this order: the
 * configuration, the machine, a package upgrade, the unit, and the rate of all restarts.
 */
#include "service/service_refusal.h"

#include "service/shutdown.h"

static const char *const denied[SERVICE_VERBS] = {
	[SERVICE_RESTART] = "the configuration denies restarting it",
	[SERVICE_START] = "the configuration denies starting it",
	[SERVICE_STOP] = "the configuration denies stopping it",
	[SERVICE_RELOAD] = "the configuration denies reloading it",
};

/* An idle service is down as intended, so that a restart would be a mistake; an admin may start
 * it. */
static const char *refuse_by_state(const struct service_monitor *monitor, enum service_verb verb)
{
	if (monitor->stale)
		return NULL;
	if (monitor->cached.hold != NULL)
		return monitor->cached.hold;
	return verb == SERVICE_RESTART ? monitor->cached.idle : NULL;
}

/* The configuration may deny the unit by its own name, while a daemon names it by an alias. */
static bool is_denied(const struct change_facts *facts)
{
	const char *unit = facts->monitor->cached.unit;

	return policy_denies(facts->policy, facts->name) ||
	       (unit != NULL && unit[0] != '\0' && policy_denies(facts->policy, unit));
}

struct service_refusal service_refusal(const struct change_facts *facts)
{
	struct service_refusal refusal = {.kind = VIGIL_REFUSAL_STATE};
	bool restart = facts->verb == SERVICE_RESTART;

	if (is_denied(facts))
		return (struct service_refusal){VIGIL_REFUSAL_DENY, denied[facts->verb]};
	if (facts->verb == SERVICE_STOP)
		return refusal;
	refusal.why = shutdown_announced("");
	if (refusal.why == NULL && restart &&
		facts->monitor->cached.status == VIGIL_SERVICE_STOPPED)
		refusal.why = policy_deferral(facts->policy, facts->deferred);
	if (refusal.why == NULL)
		refusal.why = refuse_by_state(facts->monitor, facts->verb);
	if (refusal.why == NULL && restart && !facts->joins &&
		!policy_take_restart(facts->policy, facts->turn))
		return (struct service_refusal){VIGIL_REFUSAL_RATE,
			"restart_rate is reached, which counts the restarts of all services"};
	return refusal;
}

const char *service_deferral(const struct policy *policy, uint64_t *since)
{
	const char *why = shutdown_announced("");

	return why != NULL ? why : policy_deferral(policy, since);
}
