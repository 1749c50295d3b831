/*
 * check_service_module_verbs: start, stop and restart of a service by an admin, with a fake service
 * and a fake clock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_service_module.h"

/* The ends of verbs since the last call. */
static void ended(const char *ends)
{
	ck_assert_str_eq(fake.done, ends);
	fake.done[0] = '\0';
}

/* As vigild does it: the daemon is paused before it is stopped. */
static void order_stop(void)
{
	fake.paused = true;
	ck_assert_int_eq(fake_verb("stop"), VIGIL_VERB_STARTED);
}

static void order_start(void)
{
	ck_assert_int_eq(fake_verb("start"), VIGIL_VERB_STARTED);
	fake.paused = false;
	vigil_module_descriptor.resumed(&fake.daemon);
}

START_TEST(a_stop_by_an_admin_is_not_undone)
{
	start();
	STATUS(RUNNING, .pid = 7);
	order_stop();
	ck_assert(fake_said("stop requested by an admin"));
	/* the process ends before the manager answers */
	STATUS(STOPPED);
	ck_assert(!is_issued());
	health_is(VIGIL_CRITICAL, "web is stopped; a stop is under way");
	ended("");
	ENDED(STOPPED);
	ended("stop 0 stopped;");
	ck_assert(fake_said("stopped by an admin with vigilctl stop"));
	ck_assert(fake_said("decision: stopped by an admin with vigilctl stop: left alone; to "
			    "start it: vigilctl start web"));
	health_is(VIGIL_WARNING, "web is stopped and left alone, because an admin stopped it; to "
				 "start it: vigilctl start web");
	ck_assert_ptr_nonnull(json_object_get(fake.state, "service_state/stopped_by_admin"));
	fake_pass(3600);
	STATUS(STOPPED);
	ck_assert(!is_issued());
	ck_assert_int_eq(number("service_state/restarts"), -1);
	stop();
	/* vigild starts again, and has kept the pause */
	start();
	fake_pass(5.1);
	STATUS(STOPPED);
	ck_assert(!is_issued());
	ck_assert_int_eq(fake.level, VIGIL_WARNING);
	ck_assert_ptr_nonnull(strstr(fake.health, "an admin stopped it"));
	/* something else has started it */
	fake_pass(5.1);
	STATUS(RUNNING, .pid = 8);
	ck_assert_ptr_null(json_object_get(fake.state, "service_state/stopped_by_admin"));
	fake_pass(5.1);
	STATUS(FAILED);
	health_is(VIGIL_CRITICAL, "web is failed; it is not restarted during the pause");
	/* the pause ends, and with it the stop */
	fake.paused = false;
	STATUS(FAILED);
	ck_assert(is_issued());
	stop();
}
END_TEST

/* The process ends before the manager has answered the stop. */
START_TEST(a_stop_by_an_admin_is_no_warning)
{
	start();
	STATUS(RUNNING, .pid = 7);
	fake.paused = true;
	ck_assert_int_eq(fake_verb("stop"), VIGIL_VERB_STARTED);
	logged("NOTICE web: stopping the service, requested by an admin\n");
	STATUS(STOPPED);
	logged("NOTICE web: the service is down (was running, pid 7); a stop is under way\n");
	ENDED(STOPPED, .seconds = 0.25);
	logged("NOTICE web: the service was stopped in 0.25 s, requested by an admin\n");
	STATUS(RUNNING, .pid = 8);
	STATUS(FAILED); /* after the stop it was started again, and has crashed */
	ck_assert(strncmp(fake.log, "WARN web: the service is down (was running, pid 8)", 50) == 0);
	stop();
}
END_TEST

START_TEST(a_pause_that_ends_ends_the_stop)
{
	start();
	STATUS(RUNNING, .pid = 7);
	order_stop();
	ENDED(STOPPED);
	fake.paused = false;
	vigil_module_descriptor.resumed(&fake.daemon);
	ck_assert_ptr_null(json_object_get(fake.state, "service_state/stopped_by_admin"));
	STATUS(STOPPED);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(a_stop_that_fails_is_reported)
{
	start();
	STATUS(RUNNING, .pid = 7);
	order_stop();
	ENDED(RUNNING, .pid = 7, .error = -ETIMEDOUT, .fault = VIGIL_FAULT_TIMEOUT,
		.text = "it did not stop within the deadline");
	ended("stop -110 it did not stop within the deadline;");
	ck_assert(fake_said("stop: "));
	ck_assert(!fake_said("stopped by an admin"));
	health_is(VIGIL_OK, "web is running, pid 7: it did not stop within the deadline");
	order_stop();
	ENDED(RUNNING, .pid = 7, .error = -EPERM, .fault = VIGIL_FAULT_REFUSED,
		.refusal = VIGIL_REFUSAL_DENY, .text = "the configuration denies stopping it");
	ended("stop -1 the configuration denies stopping it;");
	ck_assert(fake_said("not stopped: the configuration denies stopping it"));
	stop();
}
END_TEST

START_TEST(a_start_by_an_admin_forgets_setbacks)
{
	fake_option("burst", "1");
	fake_option("healthy_after", "0");
	start();
	STATUS(FAILED);
	ck_assert(is_issued());
	RESTARTED(FAILED, .error = -EIO, .fault = VIGIL_FAULT_FAILED, .text = "exit status 1");
	STATUS(FAILED);
	ck_assert(!is_issued()); /* the burst limit and the backoff */
	order_start();
	ck_assert(fake_said("start requested by an admin"));
	STATUS(FAILED);
	ck_assert(!is_issued()); /* the start is under way */
	health_is(VIGIL_CRITICAL, "web is failed; a start is under way");
	STARTED(RUNNING, .pid = 9);
	ended("");
	STATUS(RUNNING, .pid = 9);
	ended("start 0 running, pid 9;");
	health_is(VIGIL_OK, "web is running, pid 9");
	ck_assert_int_eq(number("service_state/restarts"), 1); /* a start is no restart */
	STATUS(FAILED);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(a_start_that_fails_backs_off)
{
	start();
	STATUS(STOPPED);
	RESTARTED(RUNNING, .pid = 7);
	order_stop();
	ENDED(STOPPED);
	ended("stop 0 stopped;");
	order_start();
	STARTED(FAILED, .error = -EIO, .fault = VIGIL_FAULT_FAILED, .text = "port in use");
	ended("start -5 port in use;");
	ck_assert(fake_said("start: failed: port in use"));
	ck_assert_int_eq(number("service_state/restart_errors"), 0);
	STATUS(FAILED);
	ck_assert(!is_issued()); /* vigild resumes with its own restarts after the backoff */
	fake_pass(5.1);
	STATUS(FAILED);
	ck_assert(is_issued());
	stop();
}
END_TEST

START_TEST(a_refused_start_is_reported)
{
	start();
	STATUS(STOPPED, .hold = "the unit is masked");
	order_start();
	STARTED(STOPPED, .hold = "the unit is masked", .error = -EPERM,
		.fault = VIGIL_FAULT_REFUSED, .text = "the unit is masked");
	ended("start -1 the unit is masked;");
	ck_assert(fake_said("not started: the unit is masked"));
	ck_assert(!is_issued());
	stop();
}
END_TEST

START_TEST(a_start_ends_when_the_service_serves)
{
	fake_option("restart_timeout", "20");
	start();
	STATUS(STOPPED, .idle = "a oneshot");
	order_start();
	STARTED(STOPPED, .idle = "a oneshot");
	STATUS(STOPPED, .idle = "a oneshot");
	ended("start 0 ended well: idle, a oneshot;");

	order_start(); /* it takes some time to start */
	STARTED(STARTING);
	STATUS(STARTING);
	fake_pass(5);
	STATUS(STARTING);
	ended("");
	STATUS(RUNNING, .pid = 4);
	ended("start 0 running, pid 4;");

	order_start(); /* it ends again */
	STARTED(STARTING);
	STATUS(FAILED, .text = "no licence");
	ended("start -5 failed: no licence;");
	RESTARTED(RUNNING, .pid = 5);

	order_start(); /* it takes too long */
	STARTED(STARTING);
	STATUS(STARTING);
	fake_pass(21);
	STATUS(STARTING);
	ended("start -110 still starting after 20 s;");

	order_start(); /* its status stays unknown, and the checks get no answer */
	STARTED(STARTING);
	STATUS(.status = VIGIL_SERVICE_UNKNOWN);
	ended("");
	fake_pass(21);
	ended("start -110 still unknown after 20 s;");

	order_start(); /* it is removed */
	STARTED(STARTING);
	STATUS(.status = VIGIL_SERVICE_ABSENT);
	ended("start -2 not installed;");
	stop();
}
END_TEST

START_TEST(a_restart_by_an_admin_reports_its_end)
{
	start();
	STATUS(RUNNING, .pid = 7);
	ck_assert_int_eq(fake_verb("restart"), VIGIL_VERB_STARTED);
	ck_assert_int_eq(fake_verb("restart"), -EALREADY);
	RESTARTED(RUNNING, .pid = 8);
	ended("");
	STATUS(RUNNING, .pid = 8);
	ended("restart 0 running, pid 8;");
	ck_assert_int_eq(fake_verb("restart"), VIGIL_VERB_STARTED);
	RESTARTED(FAILED, .error = -EIO, .fault = VIGIL_FAULT_FAILED, .text = "port in use");
	ended("restart -5 port in use;");
	ck_assert_int_eq(fake_verb("restart"), VIGIL_VERB_STARTED);
	RESTARTED(FAILED, .error = -EPERM, .fault = VIGIL_FAULT_REFUSED,
		.refusal = VIGIL_REFUSAL_RATE, .text = "restart_rate is reached");
	ended("restart -1 restart_rate is reached;");
	/* a restart that vigild has decided is no end of a verb */
	fake_pass(100);
	STATUS(FAILED);
	ck_assert(is_issued());
	RESTARTED(RUNNING, .pid = 9);
	STATUS(RUNNING, .pid = 9);
	ended("");
	stop();
}
END_TEST

/* The calls to a service are made one after the other, and each verb ends exactly once. */
START_TEST(verbs_that_meet)
{
	start();
	STATUS(FAILED);
	ck_assert(is_issued());
	order_stop(); /* while vigild restarts it: the stop comes after the restart */
	ck_assert_int_eq(fake_verb("stop"), -EALREADY);
	ck_assert_int_eq(fake_verb("restart"), -EALREADY);
	RESTARTED(RUNNING, .pid = 7);
	ended("");
	STATUS(RUNNING, .pid = 7);
	order_start(); /* while it is stopped: the start comes after the stop */
	ck_assert_int_eq(fake_verb("start"), -EALREADY);
	ENDED(STOPPED);
	ended("stop 0 stopped;");
	STATUS(STOPPED);
	ck_assert(!is_issued()); /* the start is under way */
	STARTED(RUNNING, .pid = 8);
	STATUS(RUNNING, .pid = 8);
	ended("start 0 running, pid 8;");
	ck_assert_ptr_null(json_object_get(fake.state, "service_state/stopped_by_admin"));

	order_start(); /* and a stop before the start has ended */
	order_stop();
	ended("start -125 a stop was requested;");
	STARTED(RUNNING, .pid = 9);
	ENDED(STOPPED);
	ended("stop 0 stopped;");

	fake.paused = false;
	ck_assert_int_eq(fake_verb("restart"), VIGIL_VERB_STARTED);
	ck_assert_int_eq(fake_verb("start"), -EALREADY);
	order_stop();
	ended("restart -125 a stop was requested;");
	RESTARTED(RUNNING, .pid = 10);
	ENDED(STOPPED);
	ended("stop 0 stopped;");
	STATUS(STOPPED);
	ck_assert(!is_issued());
	ended("");
	stop();
}
END_TEST

/* A restart of web that fails and leaves it like this. */
static void fail_a_restart(vigil_service_status word)
{
	fake_option("restart_on", "failed");
	start();
	STATUS(RUNNING, .pid = 7);
	fake_pass(10);
	STATUS(FAILED);
	ck_assert(is_issued());
	RESTARTED(.status = word, .error = -EIO, .fault = VIGIL_FAULT_FAILED);
}

START_TEST(what_an_admin_stops_after_a_failed_restart_stays_stopped)
{
	fail_a_restart(VIGIL_SERVICE_FAILED);
	fake_pass(1);
	STATUS(FAILED);
	fake_pass(1);
	STATUS(STOPPED);
	fake_pass(600);
	STATUS(STOPPED);
	ck_assert(!is_issued());
	stop();
}
END_TEST

START_TEST(the_next_vigild_knows_that_a_restart_left_it_stopped)
{
	fail_a_restart(VIGIL_SERVICE_STOPPED);
	stop();
	start();
	fake_pass(60);
	STATUS(STOPPED);
	ck_assert(is_issued());
	RESTARTED(RUNNING, .pid = 8);
	ck_assert_ptr_null(json_object_get(fake.state, "service_state/torn"));
	stop();
}
END_TEST

SUITE("service_module_verbs", fake_begin, fake_end)
{
	TEST(a_stop_by_an_admin_is_not_undone);
	TEST(a_stop_by_an_admin_is_no_warning);
	TEST(a_pause_that_ends_ends_the_stop);
	TEST(a_stop_that_fails_is_reported);
	TEST(a_start_by_an_admin_forgets_setbacks);
	TEST(a_start_that_fails_backs_off);
	TEST(a_refused_start_is_reported);
	TEST(a_start_ends_when_the_service_serves);
	TEST(a_restart_by_an_admin_reports_its_end);
	TEST(verbs_that_meet);
	TEST(what_an_admin_stops_after_a_failed_restart_stays_stopped);
	TEST(the_next_vigild_knows_that_a_restart_left_it_stopped);
}
