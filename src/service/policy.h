/*
 * policy: which restarts vigild will not do, whoever asks.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: nothing is denied but vigild itself, and there is no limit. */
struct policy {
	char **deny;                /* globs; NULL: none */
	double rate, burst, tokens; /* restarts: a second, at once, left */
	uint64_t refilled;
	double upgrade_wait; /* 0: upgrades are not looked for */
};

/* deny: globs, ended by NULL, copied; at most count restarts in so many seconds (0: no limit). */
void policy_set(struct policy *policy, const char *const *deny, unsigned count, double seconds);
void policy_clear(struct policy *policy);

/* Whether a service of that name is never to be restarted; `.service` may be left out. */
bool policy_denies(const struct policy *policy, const char *name);
/* Takes one restart from what the rate allows; false when it is used up.  expected:
 * the service was restarted not long ago, or was never seen running, and may not use up what is
 * kept for deaths that nobody expected. */
bool policy_take_restart(struct policy *policy, bool expected);
/* Gives one back that came to nothing. */
void policy_return_restart(struct policy *policy);

/* Why a service that was stopped cleanly is left alone for now (static text); NULL: it is not.
 * *since is the service's: when that began, kept here; 0 while it was not. */
const char *policy_deferral(const struct policy *policy, uint64_t *since);

#endif
