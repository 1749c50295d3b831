/*
 * check_machine_slow: the module machine with services that hang while they start, stop or reload.
 */
#include <math.h>

#include "fixture_machine.h"
#include "suite.h"

/* Lets the time pass, and answers each query with the status. */
static void pass_while(vigil_service_status status, double seconds)
{
	for (double end = fake.now + seconds; fake.now < end;) {
		if (fake_service("web")->on_status != NULL)
			REPLY("web", .status = status, .busy_limit = INFINITY);
		fake_pass(0.5);
	}
}

static const vigil_service_status transitions[] = {
	VIGIL_SERVICE_STARTING, VIGIL_SERVICE_STOPPING, VIGIL_SERVICE_RELOADING};

/* No signal comes when the time is over, neither from systemd nor from a script that hangs. */
START_TEST(a_daemon_that_hangs_in_a_transition_is_a_warning)
{
	static const char *const managers[] = {"systemd", "openrc"};
	vigil_service_entry entry = like_web("web", VIGIL_SERVICE_RUNNING);
	const char *status = vigil_service_status_name(transitions[_i / 2]);
	char text[128];

	entry.manager = managers[_i % 2];
	START(entry);
	pass_while(transitions[_i / 2], 80);
	ck_assert_int_eq(fake.level, VIGIL_OK);
	pass_while(transitions[_i / 2], 12);
	snprintf(text, sizeof(text), "1 of 1 services is slow: web (%s for over 90 s)", status);
	ASSERT_HEALTH(VIGIL_WARNING, text);
	ck_assert_int_eq(count("slow"), 1);
	snprintf(text, sizeof(text), "web (%s) is slow: %s for over 90 s", entry.manager, status);
	ck_assert(fake_said(text));
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_RUNNING, .pid = 11);
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_OK, "none of 1 services is failed, 1 run");
}
END_TEST

START_TEST(a_oneshot_may_run_for_hours)
{
	vigil_service_entry oneshot = like_web("web", VIGIL_SERVICE_RUNNING);

	oneshot.daemon = false;
	START(oneshot);
	pass_while(VIGIL_SERVICE_STARTING, 4000);
	ASSERT_HEALTH(VIGIL_OK, "none of 1 services is failed, 0 run");
	ck_assert_int_eq(count("changing"), 1);
}
END_TEST

START_TEST(settle_says_how_long_a_transition_may_take)
{
	fake_option("settle", "20m");
	START(web);
	pass_while(VIGIL_SERVICE_STARTING, 1190);
	ck_assert_int_eq(fake.level, VIGIL_OK);
	pass_while(VIGIL_SERVICE_STARTING, 12);
	ASSERT_HEALTH(VIGIL_WARNING, "1 of 1 services is slow: web (starting for over 1200 s)");
}
END_TEST

SUITE("machine_slow", machine_setup, machine_teardown)
{
	LOOP_TEST(a_daemon_that_hangs_in_a_transition_is_a_warning, 2 * COUNT(transitions));
	TEST(a_oneshot_may_run_for_hours);
	TEST(settle_says_how_long_a_transition_may_take);
}
