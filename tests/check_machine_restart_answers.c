/*
 * check_machine_restart_answers: what the module machine does with the answer to a restart.
 */
#include "fixture_machine_restart.h"

START_TEST(a_restart_over_the_rate_is_requested_again_and_uses_up_nothing)
{
	static const char why[] = "restart_rate is reached";

	start_web();
	kill_web();
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert_uint_eq(fake.restarts, i);
		RESTARTED("web", .status = VIGIL_SERVICE_FAILED, .error = -EAGAIN,
			.fault = VIGIL_FAULT_REFUSED, .refusal = VIGIL_REFUSAL_RATE, .text = why);
		ASSERT_TEXT(PLACE "decision", "left alone: restart_rate is reached");
		fake_pass(1.1);
		REPLY("web", .status = VIGIL_SERVICE_FAILED);
	}
	ASSERT_HEALTH(VIGIL_CRITICAL,
		"1 of 1 services is failed: web (not restarted: restart_rate is reached)");
	ck_assert(fake_said("web (systemd): not restarted: restart_rate is reached"));
	revive_web();
	ck_assert_int_eq(number_at(PLACE "restarts"), 1);
}
END_TEST

START_TEST(a_denied_service_is_not_requested_again_without_a_reason)
{
	start_web();
	kill_web();
	RESTARTED("web", .status = VIGIL_SERVICE_FAILED, .error = -EPERM,
		.fault = VIGIL_FAULT_REFUSED, .refusal = VIGIL_REFUSAL_DENY,
		.text = "the configuration denies restarting it");
	fake_pass(200);
	ck_assert_uint_eq(fake.restarts, 1);
	ck_assert_msg(strstr(fake.health, "not restarted: the configuration denies restarting it"),
		"%s", fake.health);
	ck_assert(json_is_true(json_object_get(fake.state, "gave_up")));
}
END_TEST

START_TEST(a_restart_that_fails_is_kept_with_its_error_and_tried_again)
{
	start_web();
	kill_web();
	RESTARTED("web", .status = VIGIL_SERVICE_STOPPED, .error = -EIO,
		.fault = VIGIL_FAULT_FAILED, .text = "exit status 1");
	ck_assert_int_eq(number_at(PLACE "restart_errors"), 1);
	ck_assert_int_eq(number_at("restart_errors"), 1);
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_object_get(fake.state, PLACE "last_error"), "text")),
		"exit status 1");
	fake_pass(0.2);
	ck_assert_msg(strstr(fake.health, "its restart failed; the next restart waits"), "%s",
		fake.health);
	fake_pass(5);
	/* The clean stop was the work of vigild. */
	REPLY("web", .status = VIGIL_SERVICE_STOPPED);
	ck_assert_uint_eq(fake.restarts, 2);
	revive_web();
	ck_assert_int_eq(number_at(PLACE "restart_error"), 0);
}
END_TEST

START_TEST(the_next_vigild_knows_that_a_restart_has_left_a_service_stopped)
{
	start_web();
	kill_web();
	RESTARTED("web", .status = VIGIL_SERVICE_STOPPED, .error = -EIO,
		.fault = VIGIL_FAULT_FAILED, .text = "exit status 1");
	ck_assert_ptr_nonnull(json_object_get(fake.state, PLACE "torn"));
	stop_vigild();
	START(web);
	REPLY("web", .status = VIGIL_SERVICE_STOPPED);
	fake_pass(10);
	if (fake.restarts < 2)
		REPLY("web", .status = VIGIL_SERVICE_STOPPED);
	ck_assert_uint_eq(fake.restarts, 2);
	revive_web();
	REPLY("web", .status = VIGIL_SERVICE_RUNNING, .pid = 20);
	ck_assert_ptr_null(json_object_get(fake.state, PLACE "torn"));
}
END_TEST

START_TEST(a_restart_that_its_manager_does_not_finish_is_a_failure)
{
	start_web();
	kill_web();
	RESTARTED("web", .status = VIGIL_SERVICE_STARTING, .busy_limit = 90);
	ck_assert(fake_said("web (systemd): restart 1 is in progress"));
	fake_pass(1.1);
	REPLY("web", .status = VIGIL_SERVICE_FAILED, .text = "timeout");
	ck_assert_int_eq(number_at(PLACE "restart_errors"), 1);
	ck_assert_uint_eq(fake.restarts, 1);
	fake_pass(5.1);
	REPLY("web", .status = VIGIL_SERVICE_FAILED, .text = "timeout");
	RESTARTED("web", .status = VIGIL_SERVICE_STARTING, .busy_limit = 90);
	fake_pass(0.2);
	/* The restarts have not helped so far, so the service is not well again. */
	ck_assert_int_eq(fake.level, VIGIL_CRITICAL);
}
END_TEST

SUITE("machine_restart_answers", setup, machine_teardown)
{
	TEST(a_restart_over_the_rate_is_requested_again_and_uses_up_nothing);
	TEST(a_denied_service_is_not_requested_again_without_a_reason);
	TEST(a_restart_that_fails_is_kept_with_its_error_and_tried_again);
	TEST(the_next_vigild_knows_that_a_restart_has_left_a_service_stopped);
	TEST(a_restart_that_its_manager_does_not_finish_is_a_failure);
}
