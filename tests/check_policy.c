/* check_policy: services that are never restarted, and the common rate of restarts. */
#include <stdlib.h>
#include <time.h>

#include "service/policy.h"
#include "suite.h"

START_TEST(vigild_itself_is_always_denied)
{
	struct policy policy = {0};

	ck_assert(policy_denies(&policy, "vigil"));
	ck_assert(policy_denies(&policy, "vigil.service"));
	ck_assert(policy_denies(&policy, "vigild"));
	ck_assert(!policy_denies(&policy, "vigilante"));
	ck_assert(!policy_denies(&policy, "icinga2"));
}
END_TEST

START_TEST(globs_deny_with_and_without_the_suffix)
{
	static const char *const deny[] = {"dbus", "systemd-*", "a?c.service", NULL};
	struct policy policy = {0};

	policy_set(&policy, deny, 0, 0);
	ck_assert(policy_denies(&policy, "dbus"));
	ck_assert(policy_denies(&policy, "dbus.service"));
	ck_assert(policy_denies(&policy, "systemd-journald"));
	ck_assert(policy_denies(&policy, "systemd-journald.service"));
	ck_assert(policy_denies(&policy, "abc.service"));
	ck_assert(policy_denies(&policy, "abc")); /* the same service */
	ck_assert(!policy_denies(&policy, "abcd"));
	ck_assert(!policy_denies(&policy, "dbus-broker"));
	ck_assert(!policy_denies(&policy, "mydbus"));
	policy_set(&policy, NULL, 0, 0);
	ck_assert(!policy_denies(&policy, "dbus"));
	policy_clear(&policy);
}
END_TEST

START_TEST(a_rate_allows_its_burst_and_refills)
{
	const struct timespec pause = {.tv_nsec = 250000000};
	struct policy policy = {0};
	unsigned taken = 0;

	policy_set(&policy, NULL, 5, 0.5); /* ten per second, at most five at once */
	for (unsigned i = 0; i < 100; i++)
		taken += policy_take_restart(&policy, TURN_UNEXPECTED);
	ck_assert_uint_ge(taken, 5);
	ck_assert_uint_le(taken, 7);
	nanosleep(&pause, NULL);
	ck_assert(policy_take_restart(&policy, TURN_UNEXPECTED));
	policy_clear(&policy);
}
END_TEST

START_TEST(a_reload_does_not_refill_the_budget)
{
	struct policy policy = {0};

	policy_set(&policy, NULL, 3, 3600);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(policy_take_restart(&policy, TURN_UNEXPECTED));
	policy_set(&policy, NULL, 3, 3600);
	ck_assert(!policy_take_restart(&policy, TURN_UNEXPECTED));
	policy_set(&policy, NULL, 4, 3600); /* but a new rate does */
	ck_assert(policy_take_restart(&policy, TURN_UNEXPECTED));
	policy_clear(&policy);
}
END_TEST

START_TEST(no_rate_means_no_limit)
{
	struct policy policy = {0};

	for (unsigned i = 0; i < 10000; i++)
		ck_assert(policy_take_restart(&policy, TURN_UNEXPECTED));
}
END_TEST

START_TEST(a_restart_that_was_not_made_costs_nothing)
{
	struct policy policy = {0};

	policy_set(&policy, NULL, 1, 3600);
	for (unsigned i = 0; i < 100; i++) {
		ck_assert(policy_take_restart(&policy, TURN_UNEXPECTED));
		policy_return_restart(&policy);
	}
	policy_return_restart(&policy); /* and yields nothing */
	ck_assert(policy_take_restart(&policy, TURN_UNEXPECTED));
	ck_assert(!policy_take_restart(&policy, TURN_UNEXPECTED));
	policy_clear(&policy);
}
END_TEST

static unsigned take_all(struct policy *policy, enum restart_turn turn)
{
	unsigned taken = 0;

	while (policy_take_restart(policy, turn))
		taken++;
	return taken;
}

START_TEST(retries_leave_a_part_of_the_rate_to_first_restarts_and_to_unexpected_exits)
{
	struct policy policy = {0};

	policy_set(&policy, NULL, 20, 3600);
	ck_assert_uint_eq(take_all(&policy, TURN_AGAIN), 10);
	ck_assert_uint_eq(take_all(&policy, TURN_FIRST), 5);
	ck_assert_uint_eq(take_all(&policy, TURN_UNEXPECTED), 5);
	ck_assert(!policy_take_restart(&policy, TURN_AGAIN));
	/* each restart that is refilled goes to the first of them, also with a small rate */
	for (unsigned burst = 4; burst < 20; burst++) {
		policy_set(&policy, NULL, burst, 3600);
		take_all(&policy, TURN_AGAIN);
		ck_assert(policy_take_restart(&policy, TURN_FIRST));
		take_all(&policy, TURN_FIRST);
		ck_assert(policy_take_restart(&policy, TURN_UNEXPECTED));
	}
	/* a rate of one reserves nothing */
	policy_set(&policy, NULL, 1, 3600);
	ck_assert(policy_take_restart(&policy, TURN_AGAIN));
	policy_clear(&policy);
}
END_TEST

SUITE("policy", NULL, NULL)
{
	TEST(vigild_itself_is_always_denied);
	TEST(globs_deny_with_and_without_the_suffix);
	TEST(a_rate_allows_its_burst_and_refills);
	TEST(a_reload_does_not_refill_the_budget);
	TEST(no_rate_means_no_limit);
	TEST(retries_leave_a_part_of_the_rate_to_first_restarts_and_to_unexpected_exits);
	TEST(a_restart_that_was_not_made_costs_nothing);
}
