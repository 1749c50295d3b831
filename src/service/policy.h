/*
 * policy: which restarts vigild refuses, whichever daemon or client requests them.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: only vigild itself is denied, and there is no limit. */
struct policy {
	char **deny;                /* globs; NULL: none */
	double rate, burst, tokens; /* restarts: per second, maximum, available */
	uint64_t refilled;
	double upgrade_wait; /* seconds; 0: upgrades are not checked for */
};

/* deny: globs, terminated by NULL, copied. At most count restarts per so many seconds (0: no
 * limit). */
void policy_set(struct policy *policy, const char *const *deny, unsigned count, double seconds);
void policy_clear(struct policy *policy);

/* Whether the configuration denies every restart of a service with that name. The suffix
 * `.service` is optional. */
bool policy_denies(const struct policy *policy, const char *name);
/* Which restarts come first when the budget is nearly used up. */
enum restart_turn {
	TURN_UNEXPECTED, /* the service was seen running, and was not restarted recently */
	TURN_FIRST,      /* it was neither seen running nor restarted recently */
	TURN_AGAIN,      /* it was restarted recently */
};

/* Takes one restart from the budget. Returns false if the rest of the budget is used up or is
 * reserved for restarts that come before this one. */
bool policy_take_restart(struct policy *policy, enum restart_turn turn);
/* Returns a restart that was not carried out to the budget. */
void policy_return_restart(struct policy *policy);

/* Why a service that was stopped cleanly is not restarted at present (static text); NULL: it may be
 * restarted. *since belongs to the service and is updated here: when the deferral began, by
 * clock_now; 0: no deferral. */
const char *policy_deferral(const struct policy *policy, uint64_t *since);

#endif
