/*
 * check_boot_clock: the earliest known time of this boot survives a restart of vigild, and times of
 * another boot are ignored.
 */
#include "host/boot_clock.h"

#include "fixture_environment.h"

static void kept(const char *key, json_t *value)
{
	store_put(environment.store, "boot", "this", key, value);
	json_decref(value);
}

static double began(void)
{
	return json_number_value(store_get(environment.store, "boot", "this", "began"));
}

/* Does what vigild does at its start. */
static void recall(void)
{
	struct boot_clock *boot_clock = boot_clock_new(environment.loop, environment.store);

	ck_assert_ptr_nonnull(boot_clock);
	boot_clock_free(boot_clock);
}

START_TEST(the_earliest_boot_time_is_kept)
{
	double now = clock_boot_time();

	recall();
	if (store_get(environment.store, "boot", "this", "id") == NULL)
		return; /* this kernel has no boot id */
	ck_assert_double_le(began(), now);
	/* stored by a vigild that ran before the clock was set forward */
	kept("began", json_real(now - 7200));
	kept("followed", json_real(0.125)); /* earlier than any uptime at which this test runs */
	recall();
	ck_assert_double_eq_tol(clock_boot_time(), now - 7200, 1);
	ck_assert_double_eq(clock_tracked_since(), 0.125);
	ck_assert_double_eq(
		json_number_value(store_get(environment.store, "boot", "this", "followed")), 0.125);
	ck_assert_double_eq_tol(began(), now - 7200, 1);
	/* stored by a vigild that ran before the clock was set back */
	kept("began", json_real(now + 7200));
	recall();
	ck_assert_double_eq_tol(began(), now - 7200, 1);
}
END_TEST

START_TEST(a_boot_time_before_1970_is_ignored)
{
	double now = clock_boot_time();

	recall();
	kept("began", json_real(-1e300));
	recall();
	ck_assert_double_ge(clock_boot_time(), now - 7200 - 1);
	ck_assert_double_ge(began(), 0);
}
END_TEST

/* The clock is set back while vigild runs. The next vigild must know the earlier time. */
START_TEST(a_new_boot_time_is_stored_at_the_end)
{
	struct boot_clock *boot_clock = boot_clock_new(environment.loop, environment.store);
	double now = clock_boot_time();

	clock_inherit_boot_time(now - 86400, 0);
	boot_clock_free(boot_clock);
	if (store_get(environment.store, "boot", "this", "id") == NULL)
		return;
	ck_assert_double_eq_tol(began(), now - 86400, 1);
}
END_TEST

START_TEST(the_times_of_another_boot_are_ignored)
{
	double now = clock_boot_time(), since = clock_tracked_since();

	kept("id", json_string("another"));
	kept("began", json_real(now - 7200));
	kept("followed", json_real(0));
	recall();
	ck_assert_double_gt(clock_boot_time(), now - 60);
	ck_assert_double_eq(clock_tracked_since(), since);
	kept("began", json_string("now"));
	recall();
	ck_assert_double_gt(clock_boot_time(), now - 60);
}
END_TEST

SUITE("boot_clock", environment_setup, environment_teardown)
{
	TEST(the_earliest_boot_time_is_kept);
	TEST(a_boot_time_before_1970_is_ignored);
	TEST(a_new_boot_time_is_stored_at_the_end);
	TEST(the_times_of_another_boot_are_ignored);
}
