/*
 * check_daemon_changes: how a daemon is notified of changes of the state: of many at once, and not
 * of its own.
 */
#include "daemon/daemon.h"

#include "fixture_daemon_module.h"

/* --- more changes than a daemon keeps up with ------------------------------------------------- */

#define FLOOD 3000

static json_int_t newest[FLOOD];
static unsigned flood_calls;

static void on_flood(vigil_daemon *daemon, const char *pointer, const json_t *value, void *arg)
{
	unsigned which;

	if (sscanf(pointer, "/daemons/other/v%u", &which) != 1)
		return;
	ck_assert_uint_lt(which, FLOOD);
	newest[which] = json_integer_value(value);
	flood_calls++;
}

static int start_flood(vigil_daemon *daemon)
{
	return vigil_on_change(daemon, "", on_flood, NULL);
}

static bool flood_is_over(void)
{
	for (unsigned i = 0; i < FLOOD; i++)
		if (newest[i] != 4)
			return false;
	return true;
}

START_TEST(in_a_flood_of_changes_the_newest_of_each_address_arrives)
{
	char path[32];

	in_start = start_flood;
	ck_assert_int_eq(daemon_start(d), 0);
	for (json_int_t round = 1; round <= 4; round++)
		for (unsigned i = 0; i < FLOOD; i++) {
			snprintf(path, sizeof(path), "/daemons/other/v%u", i);
			state_set(environment.state, path, json_integer(round));
		}
	TURN_UNTIL(flood_is_over());
	ck_assert_uint_lt(flood_calls, 2 * FLOOD);
}
END_TEST

/* How many changes fit into one iteration depends on the machine. */
START_TEST(one_iteration_of_the_loop_delivers_many_changes)
{
	unsigned turns = 0;
	char path[32];

	in_start = start_flood;
	ck_assert_int_eq(daemon_start(d), 0);
	for (unsigned i = 0; i < FLOOD; i++) {
		snprintf(path, sizeof(path), "/daemons/other/v%u", i);
		state_set(environment.state, path, json_integer(4));
	}
	for (; !flood_is_over(); turns++)
		loop_run_once(environment.loop, true);
	ck_assert_uint_eq(flood_calls, FLOOD);
	ck_assert_uint_lt(turns, FLOOD / 2);
}
END_TEST

/* --- its own changes -------------------------------------------------------------------------- */

static unsigned heard_of_all, heard_of_own;
static size_t heard_length;

static void on_all(vigil_daemon *daemon, const char *pointer, const json_t *value, void *arg)
{
	if (strncmp(pointer, "/daemons/", 9) != 0)
		return;
	ck_assert_ptr_null(strstr(pointer, "/test"));
	heard_length = json_string_length(value);
	heard_of_all++;
	vigil_state_set(daemon, "heard", json_integer(heard_of_all));
}

static void on_own(vigil_daemon *daemon, const char *pointer, const json_t *value, void *arg)
{
	heard_of_own++;
}

static int start_hearing(vigil_daemon *daemon)
{
	int err = vigil_on_change(daemon, "", on_all, NULL);

	return err != 0 ? err : vigil_on_change(daemon, "heard", on_own, NULL);
}

START_TEST(a_daemon_is_not_notified_of_its_own_writes)
{
	char *large = calloc(1, 5001);

	heard_of_all = heard_of_own = 0;
	memset(large, 'x', 5000);
	in_start = start_hearing;
	ck_assert_int_eq(daemon_start(d), 0);
	state_set(environment.state, "/daemons/other/v", json_integer(1));
	TURN_UNTIL(heard_of_all == 1);
	/* a large value is the present value when the notification comes */
	state_set(environment.state, "/daemons/other/v", json_string(large));
	state_set(environment.state, "/daemons/other/v", json_string(large + 1));
	TURN_UNTIL(heard_of_all == 3);
	ck_assert_uint_eq(heard_length, 4999);
	turn_for(50 * CLOCK_MS);
	ck_assert_uint_eq(heard_of_all, 3);
	ck_assert_uint_eq(heard_of_own, 3);
	free(large);
}
END_TEST

SUITE("daemon_changes", setup, teardown)
{
	TEST(in_a_flood_of_changes_the_newest_of_each_address_arrives);
	TEST(one_iteration_of_the_loop_delivers_many_changes);
	TEST(a_daemon_is_not_notified_of_its_own_writes);
}
