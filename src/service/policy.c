/*
 * policy: see policy.h. `deny` names services that are never restarted. vigild itself is always
 * denied, because a watchdog that restarts itself would stop monitoring. `restart_rate` is a token
 * bucket for all services together, so that a hundred services that fail at once are restarted one
 * after the other. Half of the bucket is reserved for services that were not restarted recently,
 * and half of that for those that were seen running. So services that keep failing do not delay the
 * restarts of others.
 *
 * While packages are being installed, a service that was stopped cleanly is not restarted,
 * because its package will start it again. This is limited by upgrade_wait, because a package
 * manager may wait for an answer from an admin who is not there.
 */
#include "service/policy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "service/package_lock.h"
#include "service/request.h"

#define SUFFIX ".service"

/* The share of the bucket that each turn leaves to those before it */
static const double reserve[] = {[TURN_UNEXPECTED] = 0, [TURN_FIRST] = 0.25, [TURN_AGAIN] = 0.5};

/* The length of the name without the optional suffix. */
static size_t base_length(const char *name)
{
	size_t n = strlen(name), s = sizeof(SUFFIX) - 1;

	return n > s && strcmp(name + n - s, SUFFIX) == 0 ? n - s : n;
}

bool policy_denies(const struct policy *policy, const char *name)
{
	char base[256], full[sizeof(base) + sizeof(SUFFIX)];

	snprintf(base, sizeof(base), "%.*s", (int)base_length(name), name);
	snprintf(full, sizeof(full), "%s" SUFFIX, base);
	if (strcmp(base, "vigil") == 0 || strcmp(base, "vigild") == 0)
		return true;
	for (char **glob = policy->deny; glob != NULL && *glob != NULL; glob++)
		if (text_glob(*glob, base) || text_glob(*glob, full))
			return true;
	return false;
}

bool policy_take_restart(struct policy *policy, enum restart_turn turn)
{
	double reserved = floor(policy->burst * reserve[turn]);
	uint64_t now = clock_now();
	double more = policy->rate * clock_to_seconds(now - policy->refilled);

	if (policy->burst <= 0)
		return true;
	policy->tokens = fmin(policy->burst, policy->tokens + more);
	policy->refilled = now;
	if (policy->tokens < 1 + reserved)
		return false;
	policy->tokens--;
	return true;
}

void policy_return_restart(struct policy *policy)
{
	policy->tokens = fmin(policy->burst, policy->tokens + 1);
}

const char *policy_deferral(const struct policy *policy, uint64_t *since)
{
	const char *why = policy->upgrade_wait > 0 ? package_lock_held("") : NULL;
	uint64_t now = clock_now();

	if (why == NULL)
		*since = 0;
	else if (*since == 0)
		*since = now;
	return why != NULL && clock_to_seconds(now - *since) < policy->upgrade_wait ? why : NULL;
}

void policy_set(struct policy *policy, const char *const *deny, unsigned count, double seconds)
{
	double rate = seconds > 0 ? count / seconds : 0;

	free(policy->deny);
	policy->deny = request_argv(deny);
	if (policy->burst == count && policy->rate == rate)
		return; /* an unchanged limit keeps its tokens when the configuration is reloaded */
	policy->burst = count;
	policy->rate = rate;
	policy->tokens = count;
	policy->refilled = clock_now();
}

void policy_clear(struct policy *policy)
{
	free(policy->deny);
	policy->deny = NULL;
}
