/* check_pause: pauses that end by themselves, survive a restart of the host, and end on time. */
#include "host/pause.h"

#include <time.h>

#include "fixture_environment.h"

static struct vigil_daemon *daemons[4];
static struct pauses *pauses;

static int start(vigil_daemon *d)
{
	return 0;
}

static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.start = start};

static size_t visited; /* number of daemons that the pauses have searched */

static struct vigil_daemon *daemon_at(size_t index, void *arg)
{
	ck_assert_ptr_eq(arg, daemons);
	visited++;
	return index < 3 ? daemons[index] : NULL;
}

static void begin_pauses(void)
{
	pauses = pauses_new(environment.loop, environment.store, daemon_at, daemons);
	ck_assert_ptr_nonnull(pauses);
}

static void begin_daemons(void)
{
	static const char *const names[] = {"a", "b", "c"};

	for (size_t i = 0; i < 3; i++) {
		daemons[i] = daemon_new(&environment, names[i], "test", &module, NULL);
		pause_refresh(pauses, daemons[i]);
		ck_assert_int_eq(daemon_start(daemons[i]), 0);
	}
}

static void end_daemons(void)
{
	for (size_t i = 0; i < 3; i++) {
		daemon_free(daemons[i]);
		daemons[i] = NULL;
	}
}

static void setup(void)
{
	environment_setup();
	begin_pauses();
	begin_daemons();
}

static void teardown(void)
{
	end_daemons();
	pauses_free(pauses);
	environment_teardown();
}

/* Restarts the host. */
static void again(void)
{
	end_daemons();
	pauses_free(pauses);
	store_close(environment.store);
	environment.store = store_open(environment.loop, scratch_path("store"));
	begin_pauses();
	begin_daemons();
}

static double wall(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec;
}

/* Writes a value into the store, as anyone might edit it. */
static void put(const char *name, const char *key, json_t *value)
{
	store_put(environment.store, "paused", name, key, value);
	json_decref(value);
}

START_TEST(a_pause_without_a_time_lasts_until_it_is_ended)
{
	pause_start(pauses, daemons[0], 0, "new\ndisk", "");
	ck_assert(vigil_paused(daemons[0]));
	ck_assert(!vigil_paused(daemons[1]));
	ck_assert_str_eq(account_text(daemons[0], "paused_reason"), "new\\ndisk");
	ck_assert_str_eq(account_text(daemons[0], "paused_until"), "");
	ck_assert_uint_eq(log_holds("a: paused: new\\ndisk"), 1);
	again();
	ck_assert_int_eq(daemon_status(daemons[0]), DAEMON_PAUSED);
	ck_assert_str_eq(account_text(daemons[0], "paused_reason"), "new\\ndisk");
	turn_for(20 * CLOCK_MS);
	ck_assert(vigil_paused(daemons[0]));
	pause_stop(pauses, daemons[0]);
	ck_assert(!vigil_paused(daemons[0]));
	pause_stop(pauses, daemons[0]); /* it is not paused */
	ck_assert_uint_eq(log_holds("a: resumed"), 1);
	again();
	ck_assert(!vigil_paused(daemons[0]));
}
END_TEST

START_TEST(each_pause_ends_at_its_time)
{
	double before = wall();

	pause_start(pauses, daemons[0], 0.3, "", "");
	pause_start(pauses, daemons[1], 3600, "long", "");
	pause_start(pauses, daemons[2], 0.1, "", "");
	ck_assert_str_ne(account_text(daemons[1], "paused_until"), "");
	TURN_UNTIL(!vigil_paused(daemons[2]));
	TURN_UNTIL(!vigil_paused(daemons[0]));
	ck_assert(vigil_paused(daemons[1]));
	ck_assert_double_lt(wall() - before, 30);
	ck_assert_uint_eq(log_holds("c: resumed"), 1);
	ck_assert_ptr_null(store_get(environment.store, "paused", "c", "until"));
	ck_assert_str_eq(account_text(daemons[1], "paused_reason"), "long");
}
END_TEST

/* One request may pause thousands of daemons.  If each pause searched all daemons, the loop thread
 * would be blocked for minutes. */
START_TEST(a_pause_does_not_search_the_other_daemons)
{
	visited = 0;
	pause_start(pauses, daemons[0], 0, "", "");
	pause_start(pauses, daemons[1], 3600, "", "");
	pause_start(pauses, daemons[2], 0.05, "", "");
	pause_stop(pauses, daemons[0]);
	ck_assert_uint_eq(visited, 0);
	TURN_UNTIL(!vigil_paused(daemons[2]));
	ck_assert(vigil_paused(daemons[1]));
}
END_TEST

START_TEST(a_second_pause_replaces_the_first)
{
	pause_start(pauses, daemons[0], 0.05, "short", "");
	pause_start(pauses, daemons[0], 3600, "longer", "");
	turn_for(200 * CLOCK_MS);
	ck_assert(vigil_paused(daemons[0]));
	ck_assert_str_eq(account_text(daemons[0], "paused_reason"), "longer");
	pause_start(pauses, daemons[0], 0, "", "");
	ck_assert_str_eq(account_text(daemons[0], "paused_until"), "");
	again();
	ck_assert_str_eq(account_text(daemons[0], "paused_reason"), "");
	pause_start(pauses, daemons[0], 0.05, "short", "");
	TURN_UNTIL(!vigil_paused(daemons[0]));
}
END_TEST

/* The host checks periodically for pauses that end. A restored pause must not wait for that. */
START_TEST(a_restored_pause_ends_on_time)
{
	pause_start(pauses, daemons[0], 3600, "the timer is armed for this one", "");
	put("b", "until", json_real(wall() + 2));
	daemon_free(daemons[1]);
	daemons[1] = daemon_new(&environment, "b", "test", &module, NULL);
	pause_refresh(pauses, daemons[1]);
	ck_assert(vigil_paused(daemons[1]));
	for (int i = 0; i < 60 && vigil_paused(daemons[1]); i++)
		turn_for(100 * CLOCK_MS);
	ck_assert(!vigil_paused(daemons[1]));
}
END_TEST

static bool paused_in_start;

static int look_whether_paused(vigil_daemon *d)
{
	paused_in_start = vigil_paused(d);
	return 0;
}

START_TEST(a_stored_pause_that_is_over_is_dropped)
{
	static vigil_module looking;

	put("b", "until", json_real(wall() - 10));
	put("b", "reason", json_string("over"));
	daemon_free(daemons[1]);
	looking = module;
	looking.start = look_whether_paused;
	daemons[1] = daemon_new(&environment, "b", "test", &looking, NULL);
	pause_refresh(pauses, daemons[1]);
	daemon_start(daemons[1]);
	ck_assert(!paused_in_start); /* its first check may restart services */
	ck_assert(!vigil_paused(daemons[1]));
	ck_assert_ptr_null(store_get(environment.store, "paused", "b", "until"));
	ck_assert_ptr_null(store_get(environment.store, "paused", "b", "reason"));
}
END_TEST

/* A pause may be very long, and the store may contain anything. */
START_TEST(any_length_and_any_stored_value_is_accepted)
{
	static const double lengths[] = {1e9, 1e15, 1e18, 1e30, 1e300};

	for (size_t i = 0; i < COUNT(lengths); i++) {
		pause_start(pauses, daemons[0], lengths[i], "", "");
		ck_assert(vigil_paused(daemons[0]));
		turn_for(5 * CLOCK_MS);
		ck_assert(vigil_paused(daemons[0]));
		ck_assert_ptr_nonnull(strstr(account_text(daemons[0], "paused_until"), "Z"));
		ck_assert_uint_le(strlen(account_text(daemons[0], "paused_until")), 24);
		again();
		ck_assert(vigil_paused(daemons[0]));
		pause_stop(pauses, daemons[0]);
	}
	put("a", "until", json_string("noon"));
	put("a", "reason", json_integer(7));
	put("b", "until", json_real(-1e300));
	put("c", "until", json_array());
	again();
	ck_assert(vigil_paused(daemons[0])); /* the pause is shown, so that an admin notices */
	ck_assert_str_eq(account_text(daemons[0], "paused_reason"), "");
	ck_assert(!vigil_paused(daemons[1]));
	pause_stop(pauses, daemons[0]);
	ck_assert(!vigil_paused(daemons[0]));
	/* a reason that JSON cannot represent is ignored */
	pause_start(pauses, daemons[1], 0, "\xff", "");
	ck_assert(vigil_paused(daemons[1]));
	ck_assert_str_eq(account_text(daemons[1], "paused_reason"), "");
	pauses_free(NULL);
}
END_TEST

/* As if the clock had since been set back by a year: the end is a year and an hour away. */
START_TEST(a_pause_does_not_get_longer_when_the_clock_is_set_back)
{
	double year = 365 * 86400.0;

	pause_start(pauses, daemons[0], 3600, "disk", "");
	pause_start(pauses, daemons[1], 0.2, "", "");
	put("a", "until", json_real(wall() + year));
	put("b", "until", json_real(wall() + year));
	again();
	ck_assert(vigil_paused(daemons[0]));
	TURN_UNTIL(!vigil_paused(daemons[1]));
	ck_assert(vigil_paused(daemons[0]));
	ck_assert_double_lt(json_number_value(store_get(environment.store, "paused", "a", "until")),
		wall() + 3602);
	ck_assert_str_eq(account_text(daemons[0], "paused_reason"), "disk");
}
END_TEST

static double kept_until(const char *name)
{
	return json_number_value(store_get(environment.store, "paused", name, "until"));
}

/* As if the clock had since been set forward by a year: by the wall clock, the pauses are over. */
START_TEST(a_pause_does_not_get_shorter_when_the_clock_is_set_forward)
{
	double year = 365 * 86400.0;

	pause_start(pauses, daemons[0], 3600, "disk", "");
	pause_start(pauses, daemons[1], 0.5, "", "");
	if (store_get(environment.store, "paused", "a", "boot") == NULL)
		return; /* this kernel has no boot id */
	put("a", "until", json_real(wall() - year));
	put("b", "until", json_real(wall() - year));
	again();
	TURN_UNTIL(!vigil_paused(daemons[1]));
	ck_assert(vigil_paused(daemons[0]));
	/* and the displayed time is when it will end */
	ck_assert_double_gt(kept_until("a"), wall() + 3000);
	ck_assert_double_lt(kept_until("a"), wall() + 3602);
}
END_TEST

/* After a reboot, the wall clock is used once. From then on, the time is counted again. */
START_TEST(after_a_reboot_the_wall_clock_is_used)
{
	for (size_t i = 0; i < 3; i++)
		pause_start(pauses, daemons[i], 3600, "disk", "");
	for (size_t i = 0; i < 3; i++) {
		put(daemon_name(daemons[i]), "boot", json_string("another"));
		put(daemon_name(daemons[i]), "ends", json_real(1e9));
	}
	put("a", "until", json_real(wall() - 10));
	put("b", "until", json_real(wall() + 1800));
	put("c", "until", json_real(wall() + 86400));
	again();
	ck_assert(!vigil_paused(daemons[0]));
	ck_assert(vigil_paused(daemons[1]));
	ck_assert(vigil_paused(daemons[2]));
	turn_for(20 * CLOCK_MS);
	ck_assert_double_lt(kept_until("b"), wall() + 1802);
	ck_assert_double_lt(kept_until("c"), wall() + 3602);
	put("b", "until", json_real(wall() - 10)); /* now the clock is set forward in this boot */
	again();
	ck_assert(vigil_paused(daemons[1]) ||
		  store_get(environment.store, "paused", "b", "boot") == NULL);
}
END_TEST

SUITE("pause", setup, teardown)
{
	TEST(a_pause_without_a_time_lasts_until_it_is_ended);
	TEST(each_pause_ends_at_its_time);
	TEST(a_pause_does_not_search_the_other_daemons);
	TEST(a_second_pause_replaces_the_first);
	TEST(a_restored_pause_ends_on_time);
	TEST(a_stored_pause_that_is_over_is_dropped);
	TEST(any_length_and_any_stored_value_is_accepted);
	TEST(a_pause_does_not_get_longer_when_the_clock_is_set_back);
	TEST(a_pause_does_not_get_shorter_when_the_clock_is_set_forward);
	TEST(after_a_reboot_the_wall_clock_is_used);
}
