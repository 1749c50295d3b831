/* check_booted: the first that was told of a boot outlives vigild, and nothing of another boot does. */
#include "host/booted.h"

#include "ground.h"

static void kept(const char *key, json_t *value)
{
	store_put(ground.store, "boot", "this", key, value);
	json_decref(value);
}

static double began(void)
{
	return json_number_value(store_get(ground.store, "boot", "this", "began"));
}

/* A vigild begins. */
static void recall(void)
{
	struct booted *booted = booted_new(ground.loop, ground.store);

	ck_assert_ptr_nonnull(booted);
	booted_free(booted);
}

START_TEST(the_earliest_is_kept)
{
	double now = clock_booted();

	recall();
	if (store_get(ground.store, "boot", "this", "id") == NULL)
		return; /* this kernel has no name for its boots */
	ck_assert_double_le(began(), now);
	/* by a vigild before the clock was set forward */
	kept("began", json_real(now - 7200));
	kept("followed", json_real(0.125)); /* earlier than any uptime at which this runs */
	recall();
	ck_assert_double_eq_tol(clock_booted(), now - 7200, 1);
	ck_assert_double_eq(clock_followed(), 0.125);
	ck_assert_double_eq(
		json_number_value(store_get(ground.store, "boot", "this", "followed")), 0.125);
	ck_assert_double_eq_tol(began(), now - 7200, 1);
	/* by one before it was set back */
	kept("began", json_real(now + 7200));
	recall();
	ck_assert_double_eq_tol(began(), now - 7200, 1);
}
END_TEST

START_TEST(no_boot_was_before_1970)
{
	double now = clock_booted();

	recall();
	kept("began", json_real(-1e300));
	recall();
	ck_assert_double_ge(clock_booted(), now - 7200 - 1);
	ck_assert_double_ge(began(), 0);
}
END_TEST

/* While it runs, the clock is set back: the next one is to know. */
START_TEST(what_is_learned_is_kept)
{
	struct booted *booted = booted_new(ground.loop, ground.store);
	double now = clock_booted();

	clock_booted_before(now - 86400, 0);
	booted_free(booted);
	if (store_get(ground.store, "boot", "this", "id") == NULL)
		return;
	ck_assert_double_eq_tol(began(), now - 86400, 1);
}
END_TEST

START_TEST(another_boot_says_nothing)
{
	double now = clock_booted(), since = clock_followed();

	kept("id", json_string("another"));
	kept("began", json_real(now - 7200));
	kept("followed", json_real(0));
	recall();
	ck_assert_double_gt(clock_booted(), now - 60);
	ck_assert_double_eq(clock_followed(), since);
	kept("began", json_string("now"));
	recall();
	ck_assert_double_gt(clock_booted(), now - 60);
}
END_TEST

int main(void)
{
	TCase *tcase = suite_begin("booted", ground_setup, ground_teardown);

	tcase_add_test(tcase, the_earliest_is_kept);
	tcase_add_test(tcase, no_boot_was_before_1970);
	tcase_add_test(tcase, what_is_learned_is_kept);
	tcase_add_test(tcase, another_boot_says_nothing);
	return suite_end("booted", tcase);
}
