/* check_boot_clock: the first that was told of a boot outlives vigild, and nothing of another boot does. */
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

/* A vigild begins. */
static void recall(void)
{
	struct boot_clock *boot_clock = boot_clock_new(environment.loop, environment.store);

	ck_assert_ptr_nonnull(boot_clock);
	boot_clock_free(boot_clock);
}

START_TEST(the_earliest_is_kept)
{
	double now = clock_boot_time();

	recall();
	if (store_get(environment.store, "boot", "this", "id") == NULL)
		return; /* this kernel has no name for its boots */
	ck_assert_double_le(began(), now);
	/* by a vigild before the clock was set forward */
	kept("began", json_real(now - 7200));
	kept("followed", json_real(0.125)); /* earlier than any uptime at which this runs */
	recall();
	ck_assert_double_eq_tol(clock_boot_time(), now - 7200, 1);
	ck_assert_double_eq(clock_tracked_since(), 0.125);
	ck_assert_double_eq(
		json_number_value(store_get(environment.store, "boot", "this", "followed")), 0.125);
	ck_assert_double_eq_tol(began(), now - 7200, 1);
	/* by one before it was set back */
	kept("began", json_real(now + 7200));
	recall();
	ck_assert_double_eq_tol(began(), now - 7200, 1);
}
END_TEST

START_TEST(no_boot_was_before_1970)
{
	double now = clock_boot_time();

	recall();
	kept("began", json_real(-1e300));
	recall();
	ck_assert_double_ge(clock_boot_time(), now - 7200 - 1);
	ck_assert_double_ge(began(), 0);
}
END_TEST

/* While it runs, the clock is set back: the next one is to know. */
START_TEST(what_is_learned_is_kept)
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

START_TEST(another_boot_says_nothing)
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
	TEST(the_earliest_is_kept);
	TEST(no_boot_was_before_1970);
	TEST(what_is_learned_is_kept);
	TEST(another_boot_says_nothing);
}
