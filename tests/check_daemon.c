/* check_daemon: the life of a daemon, and that all it made ends with it. */
#include "daemon.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "loop.h"
#include "option.h"
#include "scratch.h"
#include "state.h"
#include "store.h"

static struct ground ground;
static struct vigil_daemon *d;
static int (*in_start)(vigil_daemon *d);
static int reconfigured; /* what reconfigure returns */
static unsigned starts, stops, reconfigures, ticks, shots, changes;
static char changed[256];

static int start(vigil_daemon *daemon)
{
	starts++;
	return in_start != NULL ? in_start(daemon) : 0;
}

static void stop(vigil_daemon *daemon)
{
	stops++;
}

static int reconfigure(vigil_daemon *daemon)
{
	reconfigures++;
	return reconfigured;
}

static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.start = start,
	.stop = stop,
	.reconfigure = reconfigure};

static void setup(void)
{
	scratch_setup();
	starts = stops = reconfigures = ticks = shots = changes = 0;
	reconfigured = 0;
	in_start = NULL;
	ck_assert_int_eq(log_open(scratch_path("log"), VIGIL_DEBUG), 0);
	ground.loop = loop_new();
	ground.state = state_new();
	ground.store = store_open(ground.loop, scratch_path("state"));
	ck_assert(ground.loop != NULL && ground.state != NULL && ground.store != NULL);
	d = daemon_new(&ground, "te~st/1", "test", &module, NULL);
}

static void teardown(void)
{
	daemon_free(d);
	store_close(ground.store);
	state_free(ground.state);
	loop_free(ground.loop);
	log_close();
	scratch_teardown();
}

/* What is due, and what comes of it. */
static void turn(void)
{
	for (int i = 0; i < 5; i++)
		loop_turn(ground.loop, false);
}

static void turn_until(const unsigned *count, unsigned enough)
{
	uint64_t limit = clock_now() + 60 * CLOCK_SECOND;

	while (*count < enough) {
		ck_assert(clock_now() < limit);
		loop_turn(ground.loop, true);
	}
}

static json_t *at(const char *pointer)
{
	json_t *value = state_get(ground.state, pointer);

	json_decref(value); /* the tree holds it */
	return value;
}

static void on_tick(vigil_daemon *daemon, void *arg)
{
	ck_assert_ptr_eq(daemon, d);
	ck_assert_ptr_eq(arg, &ticks);
	ticks++;
}

static void on_shot(vigil_daemon *daemon, void *arg)
{
	shots++;
}

static void on_change(vigil_daemon *daemon, const char *pointer, const json_t *value, void *arg)
{
	snprintf(changed, sizeof(changed), "%s", pointer);
	changes++;
}

/* --- start and stop --------------------------------------------------------------------------------- */

static int make_much(vigil_daemon *daemon)
{
	ck_assert_int_eq(vigil_every(daemon, 0.02, on_tick, &ticks), 0);
	ck_assert_int_eq(vigil_after(daemon, 0.02, on_shot, NULL), 0);
	ck_assert_int_eq(vigil_on_change(daemon, "/other", on_change, NULL), 0);
	ck_assert_int_eq(vigil_state_set(daemon, "a/b", json_integer(1)), 0);
	ck_assert_ptr_nonnull(vigil_alloc(daemon, 100));
	return 0;
}

START_TEST(all_it_made_ends_with_it)
{
	in_start = make_much;
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(daemon_status(d), DAEMON_RUNNING);
	ck_assert_uint_eq(ticks + shots, 0); /* nothing runs inside the call that asked for it */
	ck_assert_ptr_nonnull(at("/daemons/te~0st~11/a/b"));
	turn_until(&ticks, 3);
	turn_until(&shots, 1);
	state_set(ground.state, "/other/x", json_true());
	ck_assert_uint_eq(changes, 0);
	turn_until(&changes, 1);
	ck_assert_str_eq(changed, "/other/x");

	state_set(ground.state, "/other/y", json_true());
	daemon_stop(d);
	ck_assert_uint_eq(stops, 1);
	ticks = shots = changes = 0;
	usleep(60000);
	turn();
	ck_assert_uint_eq(ticks + shots + changes, 0);
	ck_assert_ptr_null(at("/daemons/te~0st~11"));
	daemon_stop(d); /* once is enough */
	ck_assert_uint_eq(stops, 1);
	ck_assert_int_eq(daemon_start(d), 0); /* and it can begin anew */
	turn_until(&ticks, 1);
}
END_TEST

static int fail_in_words(vigil_daemon *daemon)
{
	make_much(daemon);
	return vigil_refuse(daemon, "port = %d is taken", 7);
}

static int fail_with_errno(vigil_daemon *daemon)
{
	make_much(daemon);
	return -EACCES;
}

/* The module does not look at what its constructor said. */
static int fail_unseen(vigil_daemon *daemon)
{
	make_much(daemon);
	vigil_every(daemon, -1, on_tick, &ticks);
	return 0;
}

START_TEST(a_start_that_fails_leaves_nothing)
{
	static const struct {
		int (*start)(vigil_daemon *d);
		const char *reason;
	} rows[] = {
		{fail_in_words, "port = 7 is taken"},
		{fail_with_errno, "its start returned -13 (Permission denied)"},
		{fail_unseen, "a timer of -1 s is out of range"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		in_start = rows[i].start;
		ck_assert_int_lt(daemon_start(d), 0);
		ck_assert_int_eq(daemon_status(d), DAEMON_FAILED);
		ck_assert_msg(
			strstr(daemon_reason(d), rows[i].reason) != NULL, "%s", daemon_reason(d));
		ck_assert_ptr_null(at("/daemons/te~0st~11"));
		ticks = shots = 0;
		usleep(60000);
		turn();
		ck_assert_uint_eq(ticks + shots, 0);
		ck_assert_int_eq(daemon_tick_now(d), -ESRCH);
		ck_assert_uint_eq(stops, 0); /* what did not start is not stopped */
	}
	in_start = NULL;
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_str_eq(daemon_reason(d), "");
}
END_TEST

START_TEST(new_options_are_taken_or_it_starts_anew)
{
	struct complaints complaints = {0};
	struct option_set *options = option_set_new(NULL, NULL, 0, "", "", 0, &complaints);

	in_start = make_much;
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(daemon_reconfigure(d, options), 0);
	ck_assert_uint_eq(reconfigures, 1);
	ck_assert_uint_eq(starts, 1);
	ck_assert_ptr_nonnull(at("/daemons/te~0st~11/a"));
	reconfigured = 1;
	ck_assert_int_eq(daemon_reconfigure(d, options), 0);
	ck_assert_uint_eq(stops, 1);
	ck_assert_uint_eq(starts, 2);
	ck_assert_int_eq(daemon_status(d), DAEMON_RUNNING);
	in_start = fail_with_errno;
	ck_assert_int_eq(daemon_reconfigure(d, options), -EACCES);
	ck_assert_int_eq(daemon_status(d), DAEMON_FAILED);
	option_set_unref(options);
}
END_TEST

/* --- time --------------------------------------------------------------------------------------------- */

static void on_cancelling(vigil_daemon *daemon, void *arg)
{
	ticks++;
	ck_assert_int_eq(vigil_cancel(daemon, on_cancelling, arg), 1); /* itself */
}

START_TEST(timers_are_cancelled_by_name)
{
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(vigil_every(d, 0.01, on_cancelling, NULL), 0);
	turn_until(&ticks, 1);
	usleep(30000);
	turn();
	ck_assert_uint_eq(ticks, 1);
	ck_assert_int_eq(daemon_tick_now(d), -ENOENT);
	ck_assert_int_eq(vigil_after(d, 0, on_shot, NULL), 0);
	ck_assert_int_eq(vigil_after(d, 0, on_shot, NULL), 0);
	ck_assert_int_eq(vigil_after(d, 0, on_shot, &ticks), 0);
	ck_assert_int_eq(vigil_cancel(d, on_shot, NULL), 2);
	ck_assert_int_eq(vigil_cancel(d, on_shot, NULL), 0);
	turn_until(&shots, 1);
	turn();
	ck_assert_uint_eq(shots, 1);
	ck_assert_int_eq(vigil_every(d, 0, on_shot, NULL), -EINVAL);
	ck_assert_int_eq(vigil_every(d, 1e12, on_shot, NULL), -EINVAL);
	ck_assert_int_eq(vigil_after(d, -1, on_shot, NULL), -EINVAL);
	ck_assert_int_eq(vigil_after(d, 1, NULL, NULL), -EINVAL);
}
END_TEST

START_TEST(a_tick_now_is_a_tick)
{
	json_t *account;

	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(vigil_every(d, 3600, on_tick, &ticks), 0);
	ck_assert_int_eq(vigil_every(d, 1800, on_tick, &ticks), 0);
	ck_assert_int_eq(daemon_tick_now(d), 0);
	ck_assert_uint_eq(ticks, 2); /* every timer of it, once */
	account = daemon_account(d);
	ck_assert_int_eq(json_integer_value(json_object_get(account, "ticks")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(account, "missed")), 0);
	json_decref(account);
}
END_TEST

/* --- state ---------------------------------------------------------------------------------------------- */

START_TEST(it_writes_below_its_own_place_alone)
{
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(vigil_state_set(d, "x", json_integer(1)), 0);
	ck_assert_int_eq(vigil_state_set(d, "/daemons/te~0st~11/y", json_integer(2)), 0);
	ck_assert_int_eq(vigil_state_set(d, "/daemons/other/x", json_integer(1)), -EPERM);
	ck_assert_int_eq(vigil_state_set(d, "/daemons/te~0st~11x", json_integer(1)), -EPERM);
	ck_assert_int_eq(vigil_state_set(d, "/vigil/x", json_integer(1)), -EPERM);
	ck_assert_int_eq(vigil_state_set(d, "x", NULL), -EINVAL);
	ck_assert_int_eq(vigil_state_set(d, NULL, json_integer(1)), -EINVAL);
	ck_assert_int_eq(vigil_state_unset(d, "/daemons"), -EPERM);
	ck_assert_int_eq(vigil_state_add(d, "x", json_integer(3)), -EEXIST);
	ck_assert_int_eq(vigil_state_add(d, "x/y", json_integer(3)), -EEXIST);
	ck_assert_int_eq(vigil_state_add(d, "z/y", json_integer(3)), 0);
	ck_assert_int_eq(json_integer_value(vigil_state_get(d, "x")), 1);
	ck_assert_int_eq(json_integer_value(vigil_state_get(d, "/daemons/te~0st~11/z/y")), 3);
	ck_assert_int_eq(vigil_state_unset(d, "x"), 0);
	ck_assert_int_eq(vigil_state_unset(d, "x"), -ENOENT);
}
END_TEST

static int keep(vigil_daemon *daemon)
{
	return vigil_keep(daemon, "count");
}

START_TEST(what_is_kept_outlives_the_daemon_and_the_host)
{
	in_start = keep;
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_ptr_null(vigil_state_get(d, "count"));
	ck_assert_int_eq(vigil_state_set(d, "count", json_integer(41)), 0);
	ck_assert_int_eq(vigil_state_set(d, "lost", json_integer(1)), 0);
	daemon_stop(d);
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(json_integer_value(vigil_state_get(d, "count")), 41);
	ck_assert_ptr_null(vigil_state_get(d, "lost"));
	ck_assert_int_eq(vigil_state_set(d, "count", json_integer(42)), 0);
	daemon_stop(d);
	store_close(ground.store);
	ground.store = store_open(ground.loop, scratch_path("state"));
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(json_integer_value(vigil_state_get(d, "count")), 42);
	ck_assert_int_eq(vigil_state_unset(d, "count"), 0);
	daemon_stop(d);
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_ptr_null(vigil_state_get(d, "count"));
}
END_TEST

/* --- what it says ------------------------------------------------------------------------------------------ */

START_TEST(what_it_says_is_clean_and_bounded)
{
	char text[64], path[64];
	json_t *account, *history, *health;

	ck_assert_int_eq(daemon_start(d), 0);
	for (int i = 0; i < 70; i++)
		vigil_event(d, "event %d\n\033[2J", i);
	vigil_health(d, VIGIL_CRITICAL, "bad\n\xff %0300d", 0);
	vigil_error(d, "an error");
	vigil_error(d, "another");
	account = daemon_account(d);
	history = json_object_get(account, "history");
	ck_assert_uint_eq(json_array_size(history), 64);
	snprintf(path, sizeof(path), "event %d\\n\\x1B[2J", 6);
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(history, 0), "text")), path);
	health = json_object_get(account, "health");
	ck_assert_str_eq(json_string_value(json_object_get(health, "level")), "CRITICAL");
	ck_assert_int_eq(
		strncmp(json_string_value(json_object_get(health, "text")), "bad\\n\\xFF 000", 13),
		0);
	ck_assert_int_eq(json_integer_value(json_object_get(account, "errors")), 2);
	ck_assert_str_eq(json_string_value(json_object_get(account, "last_error")), "another");
	json_decref(account);
	ck_assert_str_eq(vigil_clean(text, sizeof(text), "a\tb"), "a\\tb");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon");
	TCase *tcase = tcase_create("daemon");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, all_it_made_ends_with_it);
	tcase_add_test(tcase, a_start_that_fails_leaves_nothing);
	tcase_add_test(tcase, new_options_are_taken_or_it_starts_anew);
	tcase_add_test(tcase, timers_are_cancelled_by_name);
	tcase_add_test(tcase, a_tick_now_is_a_tick);
	tcase_add_test(tcase, it_writes_below_its_own_place_alone);
	tcase_add_test(tcase, what_is_kept_outlives_the_daemon_and_the_host);
	tcase_add_test(tcase, what_it_says_is_clean_and_bounded);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
