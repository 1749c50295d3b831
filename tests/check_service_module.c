/*
 * check_service_module: the module service with a fake service and a fake clock, for replies that a
 * real manager does not give on demand.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_service_module.h"

START_TEST(a_restart_that_still_runs_is_neither_a_failure_nor_a_success)
{
	start();
	STATUS(FAILED);
	ck_assert(is_issued());
	RESTARTED(STARTING, .busy_limit = 900);
	ck_assert_ptr_null(json_object_get(fake.state, "service_state/restart_error"));
	ck_assert_int_eq(number("service_state/restarts"), 1);
	health_is(VIGIL_WARNING, "web is starting for 0 s, restart 1");
	ck_assert(fake_said("restart 1 is in progress"));
	/* much longer than settle, and within the limit of systemd */
	for (int i = 0; i < 80; i++) {
		fake_pass(10);
		STATUS(STARTING, .busy = 10.0 * i, .busy_limit = 900);
		ck_assert(!is_issued());
		ck_assert_int_eq(fake.level, VIGIL_WARNING);
	}
	STATUS(RUNNING, .pid = 7);
	health_is(VIGIL_OK, "web is running, pid 7");
	ck_assert(fake_said("restart 1 worked after"));
	ck_assert_uint_eq(fake.restarts, 1);
	stop();
}
END_TEST

START_TEST(a_restart_in_progress_that_ends_down_has_failed)
{
	fake_option("healthy_after", "0");
	start();
	STATUS(FAILED);
	RESTARTED(STARTING, .busy_limit = 900);
	fake_pass(60);
	STATUS(FAILED);
	ck_assert(!is_issued());
	ck_assert_int_eq(number("service_state/restart_error"), 1);
	ck_assert_int_eq(number("service_state/restart_errors"), 1);
	ck_assert(fake_said("restart 1: failed: its manager could not start it"));
	health_is(VIGIL_CRITICAL,
		"web is failed; its restart failed; the next restart waits for the backoff");
	fake_pass(5.1);
	STATUS(FAILED);
	ck_assert(is_issued());
	RESTARTED(STARTING, .busy_limit = 900);
	STATUS(FAILED);
	fake_pass(9.9); /* the second setback doubles the time */
	STATUS(FAILED);
	ck_assert(!is_issued());
	fake_pass(0.2);
	STATUS(FAILED);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(work_beyond_the_limit_of_its_manager_is_critical_and_not_interrupted)
{
	start();
	STATUS(STARTING, .busy = 1000, .busy_limit = 900);
	ck_assert(!is_issued());
	health_is(VIGIL_CRITICAL, "web is starting for 1000 s, longer than the 900 s after which "
				  "its manager should have ended that");
	STATUS(STARTING, .busy = 100000, .busy_limit = INFINITY);
	ck_assert(!is_issued());
	ck_assert_int_eq(fake.level, VIGIL_WARNING);
	/* without a limit of the manager, settle decides */
	STATUS(STARTING, .busy = 91);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(an_idle_service_is_ok_and_never_restarted)
{
	start();
	STATUS(STOPPED, .idle = "started by backup.timer");
	health_is(VIGIL_OK, "web is idle, started by backup.timer");
	ck_assert_str_eq(text("service_state/value"), "stopped");
	fake_pass(3600);
	STATUS(STOPPED, .idle = "started by backup.timer");
	ck_assert(!is_issued());
	STATUS(STOPPED, .idle = ""); /* as if it was not set */
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(a_clean_stop_is_not_undone_with_restart_on_failed)
{
	fake_option("restart_on", "failed");
	start();
	STATUS(RUNNING, .pid = 7);
	STATUS(STOPPED);
	ck_assert(!is_issued());
	health_is(VIGIL_CRITICAL, "web is stopped on purpose, and left alone, because restart_on = "
				  "failed; to start it: vigilctl start web");
	STATUS(FAILED);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(a_stop_that_may_be_a_crash_is_undone)
{
	fake_option("restart_on", "failed");
	start();
	STATUS(RUNNING, .pid = 7);
	STATUS(STOPPED, .unclear_stop = true);
	ck_assert(is_issued());
	ck_assert(fake_said("decision: stopped or crashed: restarting, because nothing shows which "
			    "of the two; to keep it down: vigilctl stop web"));
	stop();
}
END_TEST

/* Each restart after a clean stop names the way to keep the service down, and each check does not.
 */
START_TEST(the_way_to_keep_it_down_is_recorded_once_for_each_restart)
{
	const char *said =
		"decision: stopped cleanly: restarting, because restart_on = stopped; to "
		"keep it down: vigilctl stop web, or set restart_on = failed";

	fake_option("backoff", "0");
	start();
	for (int round = 0; round < 3; round++) {
		STATUS(RUNNING, .pid = 7 + round);
		fake.event_count = 0;
		STATUS(STOPPED);
		ck_assert(is_issued());
		ck_assert(fake_said(said));
		fake.event_count = 0;
		STATUS(STOPPED); /* the restart has not been answered */
		ck_assert(!fake_said(said));
		RESTARTED(RUNNING, .pid = 8 + round);
		ck_assert(!fake_said(said));
	}
	stop();
}
END_TEST

START_TEST(a_held_service_is_not_restarted_until_the_hold_ends)
{
	start();
	STATUS(STOPPED, .hold = "it conflicts with mysql@bootstrap.service, which is active");
	ck_assert(!is_issued());
	health_is(VIGIL_WARNING, "web is stopped and left alone: it conflicts with "
				 "mysql@bootstrap.service, which is active");
	/* the service layer reports a stale status */
	fake.service.on_sign(&fake.service, &(vigil_service_reply){.text = ""}, fake.service.arg);
	ck_assert(fake.service.on_status != NULL);
	STATUS(STOPPED);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(a_refused_restart_is_tried_again_about_every_second)
{
	unsigned before;

	fake_option("interval", "60m");
	start();
	STATUS(STOPPED);
	RESTARTED(STOPPED, .fault = VIGIL_FAULT_REFUSED, .error = -EPERM,
		.text = "a package upgrade is in progress (dpkg)");
	health_is(VIGIL_WARNING,
		"web is stopped and left alone: a package upgrade is in progress (dpkg)");
	before = fake.event_count;
	for (int i = 0; i < 5; i++) {
		fake_pass(1.1);
		STATUS(STOPPED);
		ck_assert(is_issued());
		RESTARTED(STOPPED, .fault = VIGIL_FAULT_REFUSED, .error = -EPERM,
			.text = "a package upgrade is in progress (dpkg)");
		ck_assert_int_eq(fake.level, VIGIL_WARNING);
	}
	ck_assert_uint_le(fake.event_count, before + 1); /* it is recorded once */
	ck_assert_int_eq(number("service_state/restarts"), -1);
	fake_pass(1.1);
	STATUS(STOPPED);
	RESTARTED(RUNNING, .pid = 7);
	health_is(VIGIL_OK, "web is running, pid 7");
	stop();
}
END_TEST

START_TEST(the_evidence_is_recorded_with_each_change_of_status)
{
	start();
	STATUS(RUNNING, .pid = 7, .evidence = "systemd says active (exited); process 7 lives");
	ck_assert(fake_said("evidence: systemd says active (exited); process 7 lives"));
	ck_assert_str_eq(
		text("service_state/evidence"), "systemd says active (exited); process 7 lives");
	fake.event_count = 0;
	STATUS(RUNNING, .pid = 7, .evidence = "systemd says active (exited); process 7 lives");
	ck_assert_uint_eq(fake.event_count, 0); /* nothing while the status is unchanged */
	STATUS(FAILED, .evidence = "systemd says active (exited); process 7 has ended");
	ck_assert(fake_said("evidence: systemd says active (exited); process 7 has ended"));
	ck_assert(fake_said("decision: failed: restarting"));
	RESTARTED(RUNNING, .pid = 8);
	ck_assert_str_eq(text("service_state/evidence"), "");
	stop();
}
END_TEST

START_TEST(a_steady_service_records_no_events)
{
	start();
	STATUS(RUNNING, .pid = 7);
	fake.event_count = 0;
	strcpy(fake.health, "untouched");
	for (int i = 0; i < 10; i++) {
		fake_pass(5);
		STATUS(RUNNING, .pid = 7);
	}
	ck_assert_uint_eq(fake.event_count, 0);
	ck_assert_str_eq(fake.health, "untouched");
	stop();
}
END_TEST

START_TEST(a_probe_that_vigild_cannot_make_is_unknown)
{
	fake_option("probe", "/bin/true");
	fake_option("probe_failures", "1");
	fake_option("probe_start", "0");
	start();
	STATUS(RUNNING, .pid = 0);
	fake_pass(1.5);
	STATUS(RUNNING, .pid = 0);
	ck_assert_int_eq(fake.level, VIGIL_UNKNOWN);
	ck_assert(strstr(fake.health, "could not probe") != NULL);
	ck_assert(!is_issued());
	stop();
}
END_TEST

START_TEST(a_service_that_its_manager_keeps_restarting_is_critical)
{
	start();
	STATUS(RUNNING, .pid = 10);
	for (int i = 1; i <= 4; i++) {
		ck_assert_int_eq(fake.level, VIGIL_OK);
		fake_pass(2);
		STATUS(RUNNING, .pid = 10 + i);
	}
	health_is(VIGIL_CRITICAL, "web keeps crashing: brought back 4 times in 6 s");
	ck_assert_int_eq(number("service_state/respawns"), 4);
	fake_pass(590);
	STATUS(RUNNING, .pid = 14);
	ck_assert_int_eq(fake.level, VIGIL_CRITICAL);
	fake_pass(10);
	STATUS(RUNNING, .pid = 14);
	health_is(VIGIL_OK, "web is running, pid 14");
	stop();
}
END_TEST

START_TEST(a_query_without_an_answer_says_nothing_about_respawns)
{
	start();
	STATUS(.status = VIGIL_SERVICE_UNKNOWN, .error = -ETIMEDOUT, .fault = VIGIL_FAULT_TIMEOUT);
	for (int i = 0; i < 3; i++) {
		fake_pass(5);
		STATUS(RUNNING, .pid = 10, .respawns = 12, .counts = true);
		ck_assert_int_eq(fake.level, VIGIL_OK);
		ck_assert_int_le(number("service_state/respawns"), 0);
		fake_pass(5);
		STATUS(.status = VIGIL_SERVICE_UNKNOWN, .error = -ETIMEDOUT,
			.fault = VIGIL_FAULT_TIMEOUT);
	}
	stop();
}
END_TEST

START_TEST(a_service_that_vigil_keeps_restarting_is_critical)
{
	start();
	STATUS(RUNNING, .pid = 10);
	for (int i = 1; i <= 13; i++) {
		fake_pass(12);
		STATUS(FAILED);
		ck_assert_int_eq(fake.level, VIGIL_CRITICAL);
		ck_assert(is_issued());
		RESTARTED(RUNNING, .pid = 10 + i);
		ck_assert_int_eq(fake.level, i > 3 ? VIGIL_CRITICAL : VIGIL_OK);
	}
	health_is(VIGIL_CRITICAL, "web keeps crashing: restarted 13 times in 2 min");
	stop();
}
END_TEST

START_TEST(a_restart_by_an_admin_is_not_a_crash)
{
	fake_option("burst", "1");
	start();
	STATUS(RUNNING, .pid = 10);
	for (int i = 1; i <= 5; i++) {
		fake_pass(20);
		ck_assert_int_eq(fake_verb("restart"), VIGIL_VERB_STARTED);
		RESTARTED(RUNNING, .pid = 10 + i);
		ck_assert_int_eq(fake.level, VIGIL_OK);
	}
	stop();
}
END_TEST

/* The service is called web, as the daemon is. */
START_TEST(a_line_of_the_log_names_the_service_once)
{
	start();
	STATUS(RUNNING, .pid = 7);
	STATUS(FAILED);
	logged("WARN web: the service is down (was running, pid 7); failed: restarting\n");
	RESTARTED(RUNNING, .pid = 8, .seconds = 0.5);
	logged("NOTICE web: the service is running again, restarted in 0.50 s (restart 1)\n");
	fake.daemon.name = "agent";
	STATUS(FAILED);
	logged("WARN agent: web is down (was running, pid 8); failed: backing off "
	       "until the next try\n");
	fake_pass(6);
	STATUS(FAILED);
	logged("NOTICE agent: web: failed: restarting\n");
	RESTARTED(FAILED, .error = -EIO, .fault = VIGIL_FAULT_FAILED);
	fake.daemon.name = "web";
	fake.log[0] = '\0';
	fake_pass(60);
	STATUS(FAILED);
	logged("NOTICE web: failed: restarting\n");
	stop();
}
END_TEST

START_TEST(burst_and_backoff_survive_a_restart)
{
	json_t *kept;

	fake_option("burst", "2");
	fake_option("backoff", "0");
	start();
	STATUS(FAILED);
	RESTARTED(RUNNING, .pid = 7);
	STATUS(FAILED);
	RESTARTED(RUNNING, .pid = 8);
	STATUS(FAILED);
	ck_assert(!is_issued());
	health_is(VIGIL_CRITICAL,
		"web is failed; 2 restarts lately did not help for long; vigil gave up "
		"after 2 restarts in 600 s, until the next try");
	stop();
	kept = json_incref(json_object_get(fake.state, "service_state/recent"));
	fake_end();
	fake_begin();
	fake.now = 5; /* another vigild with another clock */
	json_object_set_new(fake.state, "service_state/recent", kept);
	fake_option("burst", "2");
	fake_option("backoff", "0");
	start();
	STATUS(FAILED);
	ck_assert(!is_issued());
	fake_pass(590);
	STATUS(FAILED);
	ck_assert(!is_issued());
	fake_pass(15);
	STATUS(FAILED);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(setbacks_are_forgotten_however_the_service_was_started)
{
	fake_option("interval", "60m");
	start();
	for (int i = 0; i < 3; i++) {
		STATUS(FAILED);
		ck_assert(is_issued());
		RESTARTED(FAILED, .error = -EIO, .fault = VIGIL_FAULT_FAILED);
		fake_pass(60);
	}
	STATUS(RUNNING, .pid = 7); /* an admin has started it */
	fake_pass(301);
	STATUS(RUNNING, .pid = 7);
	STATUS(FAILED);
	ck_assert(is_issued());
	RESTARTED(FAILED, .error = -EIO, .fault = VIGIL_FAULT_FAILED);
	ck_assert_str_eq(text("service_state/next_retry"), "in 5 s");
	stop();
}
END_TEST

START_TEST(an_exit_long_after_a_restart_is_not_a_setback)
{
	fake_option("interval", "60m");
	start();
	STATUS(FAILED);
	RESTARTED(RUNNING, .pid = 7);
	fake_pass(30); /* there was no query in between */
	STATUS(FAILED);
	ck_assert(is_issued());
	RESTARTED(RUNNING, .pid = 8);
	fake_pass(3);
	STATUS(FAILED);
	ck_assert(!is_issued());
	stop();
}
END_TEST

START_TEST(a_restart_waits_until_the_calendar_permits_it)
{
	start();
	fake.closed_until = fake.now + 3600;
	STATUS(FAILED);
	ck_assert(!is_issued());
	health_is(VIGIL_CRITICAL,
		"web is failed; it is not restarted: outside only_during, until 18:00");
	ck_assert_str_eq(text("service_state/decision"),
		"failed: left alone: outside only_during, until 18:00");
	ck_assert(fake_said("decision: failed: left alone: outside only_during, until 18:00"));
	ck_assert_ptr_nonnull(json_object_get(fake.state, "service_state/next_retry"));
	fake_pass(3599);
	STATUS(FAILED);
	ck_assert(!is_issued());
	fake_pass(1.1); /* the timer makes the check */
	fake_answer(&fake.service.on_status, (vigil_service_reply){FAILED});
	ck_assert(is_issued());
	RESTARTED(RUNNING, .pid = 7);
	ck_assert_ptr_null(json_object_get(fake.state, "service_state/next_retry"));
	health_is(VIGIL_OK, "web is running, pid 7");
	stop();
}
END_TEST

START_TEST(a_restart_by_an_admin_ignores_the_calendar)
{
	json_t *before;

	start();
	fake.closed_until = fake.now + 3600;
	STATUS(FAILED);
	ck_assert(!is_issued());
	ck_assert_int_eq(fake_verb("restart"), VIGIL_VERB_STARTED);
	ck_assert(is_issued());
	RESTARTED(FAILED, .error = -EIO, .fault = VIGIL_FAULT_FAILED, .text = "exit status 1");
	ck_assert(!is_issued());
	health_is(VIGIL_CRITICAL, "web is failed (exit status 1); its restart failed; it is not "
				  "restarted: outside only_during, until 18:00");
	/* when the reason changes, the time of the next try is that of the new reason */
	before = json_incref(json_object_get(fake.state, "service_state/next_retry"));
	fake.closed_until = 0;
	STATUS(FAILED);
	ck_assert(!json_equal(before, json_object_get(fake.state, "service_state/next_retry")));
	json_decref(before);
	stop();
}
END_TEST

SUITE("service_module", fake_begin, fake_end)
{
	TEST(a_restart_that_still_runs_is_neither_a_failure_nor_a_success);
	TEST(a_restart_in_progress_that_ends_down_has_failed);
	TEST(work_beyond_the_limit_of_its_manager_is_critical_and_not_interrupted);
	TEST(an_idle_service_is_ok_and_never_restarted);
	TEST(a_clean_stop_is_not_undone_with_restart_on_failed);
	TEST(a_stop_that_may_be_a_crash_is_undone);
	TEST(the_way_to_keep_it_down_is_recorded_once_for_each_restart);
	TEST(a_held_service_is_not_restarted_until_the_hold_ends);
	TEST(a_refused_restart_is_tried_again_about_every_second);
	TEST(the_evidence_is_recorded_with_each_change_of_status);
	TEST(a_steady_service_records_no_events);
	TEST(a_probe_that_vigild_cannot_make_is_unknown);
	TEST(a_service_that_its_manager_keeps_restarting_is_critical);
	TEST(a_query_without_an_answer_says_nothing_about_respawns);
	TEST(a_service_that_vigil_keeps_restarting_is_critical);
	TEST(a_restart_by_an_admin_is_not_a_crash);
	TEST(a_line_of_the_log_names_the_service_once);
	TEST(burst_and_backoff_survive_a_restart);
	TEST(setbacks_are_forgotten_however_the_service_was_started);
	TEST(an_exit_long_after_a_restart_is_not_a_setback);
	TEST(a_restart_waits_until_the_calendar_permits_it);
	TEST(a_restart_by_an_admin_ignores_the_calendar);
}
