/*
 * check_service_peers: the module service with a fake service "web", a fake clock, and a peer "db"
 * that the test restarts.
 */
#include <string.h>

#include "../src/modules/service/peer.h"
#include "fixture_service_module.h"

static struct vigil_daemon db_daemon = {.name = "db"};
static struct peer db;
static struct peer_status db_status;

static void on_check(void *arg)
{
}

/* Answers the query of the peer's news, which must be waiting. */
static void news(vigil_service_reply reply)
{
	ck_assert(fake.service.on_status != NULL);
	status(reply);
}

#define NEWS(...) news((vigil_service_reply){__VA_ARGS__})

static void db_is(vigil_service_status word, bool serves)
{
	bool runs = word == VIGIL_SERVICE_RUNNING;

	db_status.status = word;
	db_status.coming = !runs && word != VIGIL_SERVICE_STOPPED;
	db_status.fulfils[AWAIT_RUNS] = runs;
	db_status.fulfils[AWAIT_SERVES] = serves;
	peer_publish(&db, &db_status);
}

/* db is down for a second, and runs and serves again. */
static void restart_db(void)
{
	db_is(VIGIL_SERVICE_FAILED, false);
	fake_pass(1);
	db_status.before = db_status.restarted;
	db_status.restarted = db_status.started = fake.now;
	strcpy(db.how, "its pid changed from 12 to 40");
	db_is(VIGIL_SERVICE_RUNNING, true);
}

static void setup(void)
{
	fake_begin();
	fake_option("interval", "1000000"); /* the test makes the checks */
	fake_option("restart_with", "db");
	db_status = (struct peer_status){.status = VIGIL_SERVICE_UNKNOWN};
	db = (struct peer){.daemon = &db_daemon, .check = on_check, .hurry = on_check};
	peer_join(&db);
	db_status.started = fake.now - 100;
	db_is(VIGIL_SERVICE_RUNNING, true);
}

static void teardown(void)
{
	vigil_module_descriptor.stop(&fake.daemon);
	peer_leave(&db);
	fake_end();
}

/* web runs since the first check. */
static void start_web(void)
{
	start();
	STATUS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert_str_eq(fake.health, "web is running, pid 5000001");
	fake_pass(10);
}

static void down_then_up(uint64_t run)
{
	RESTARTED(RUNNING, .pid = 5000000 + (pid_t)run, .run = run);
	STATUS(RUNNING, .pid = 5000000 + (pid_t)run, .run = run);
	ck_assert(!is_issued());
	ck_assert_int_eq(fake.level, VIGIL_OK);
}

START_TEST(a_running_service_is_restarted_once_and_says_why)
{
	start_web();
	restart_db();
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(is_issued());
	ck_assert(
		fake_said("decision: db was restarted (its pid changed from 12 to 40); restarting "
			  "because of restart_with = db"));
	down_then_up(2);
	ck_assert_uint_eq(fake.restarts, 1);
}
END_TEST

/* Its manager says that the restart worked, and nothing else shows it. */
START_TEST(a_restart_that_does_not_show_is_not_repeated)
{
	start_web();
	restart_db();
	NEWS(RUNNING, .pid = 5000001);
	RESTARTED(RUNNING, .pid = 5000001);
	for (int i = 0; i < 10; i++) {
		fake_pass(10);
		STATUS(RUNNING, .pid = 5000001);
		ck_assert(!is_issued());
	}
}
END_TEST

START_TEST(a_failed_restart_is_tried_again)
{
	start_web();
	restart_db();
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	RESTARTED(RUNNING, .pid = 5000001, .run = 1, .error = -EIO, .fault = VIGIL_FAULT_FAILED);
	health_is(VIGIL_WARNING,
		"web is running, but db was restarted (its pid changed from 12 to 40); "
		"its restart failed; the next restart waits for the backoff");
	fake_pass(6);
	STATUS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(is_issued());
	down_then_up(2);
}
END_TEST

/* Its restart stopped it and could not start it, which is no clean stop by an admin. */
START_TEST(a_service_that_its_restart_left_stopped_is_restarted)
{
	fake_option("restart_on", "failed");
	start_web();
	restart_db();
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	RESTARTED(STOPPED, .error = -EIO, .fault = VIGIL_FAULT_FAILED);
	fake_pass(6);
	STATUS(STOPPED);
	ck_assert(is_issued());
	ck_assert(fake_said("decision: stopped by a restart that failed: restarting"));
	down_then_up(2);
	STATUS(STOPPED); /* later an admin stops it */
	ck_assert(!is_issued());
}
END_TEST

START_TEST(a_refused_restart_is_tried_again)
{
	start_web();
	restart_db();
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	RESTARTED(RUNNING, .pid = 5000001, .run = 1, .error = -EPERM, .fault = VIGIL_FAULT_REFUSED,
		.refusal = VIGIL_REFUSAL_RATE, .text = "restart_rate is reached");
	health_is(VIGIL_WARNING,
		"web is running, but db was restarted (its pid changed from 12 to 40) "
		"and not restarted: restart_rate is reached");
	fake_pass(1.1);
	STATUS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(is_issued());
	down_then_up(2);
}
END_TEST

START_TEST(the_start_of_vigild_is_no_restart)
{
	ck_assert_int_eq(vigil_module_descriptor.start(&fake.daemon), 0);
	restart_db(); /* before the first check of web */
	STATUS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(!is_issued());
	fake_pass(10);
	STATUS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(!is_issued());
	restart_db();
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(is_issued());
	RESTARTED(RUNNING, .pid = 5000002, .run = 2);
}
END_TEST

START_TEST(a_service_that_something_else_restarted_needs_nothing)
{
	start_web();
	restart_db();
	fake_pass(1);
	NEWS(RUNNING, .pid = 5000002, .run = 2); /* by systemd, because of PartOf= */
	ck_assert(!is_issued());
	health_is(VIGIL_OK, "web is running, pid 5000002");
}
END_TEST

START_TEST(a_service_that_is_down_is_not_started_by_this)
{
	fake_option("restart_on", "failed");
	start_web();
	STATUS(STOPPED);
	restart_db();
	NEWS(STOPPED);
	ck_assert(!is_issued());
	ck_assert(strstr(fake.health, "stopped on purpose") != NULL);
	fake_pass(10);
	STATUS(RUNNING, .pid = 5000002, .run = 2); /* an admin starts it later */
	ck_assert(!is_issued());
}
END_TEST

START_TEST(an_observer_and_a_paused_service_are_left_alone_with_a_reason)
{
	fake.paused = true;
	start_web();
	restart_db();
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(!is_issued());
	ck_assert(fake_said(
		"decision: db was restarted (its pid changed from 12 to 40); running, but "
		"paused: left alone"));
	fake.paused = false;
	STATUS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(is_issued());
	down_then_up(2);
	vigil_module_descriptor.stop(&fake.daemon);
	fake_option("restart_on", "never");
	start_web();
	restart_db();
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(!is_issued());
	health_is(VIGIL_OK,
		"web is running, but db was restarted (its pid changed from 12 to 40); it is "
		"not restarted, because restart_on = never");
}
END_TEST

START_TEST(a_package_upgrade_delays_it)
{
	start_web();
	fake.deferred = "a package upgrade is in progress (dpkg)";
	restart_db();
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(!is_issued());
	health_is(VIGIL_WARNING,
		"web is running, but db was restarted (its pid changed from 12 to 40); "
		"not restarted now: a package upgrade is in progress (dpkg)");
	fake.deferred = NULL;
	fake_pass(1.1); /* it is checked about every second */
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(is_issued());
	down_then_up(2);
}
END_TEST

START_TEST(it_waits_until_the_other_service_serves)
{
	fake_option("after", "db:serves");
	start_web();
	db_status.restarted = fake.now;
	db_is(VIGIL_SERVICE_RUNNING, false);
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(!is_issued());
	ck_assert(
		strstr(fake.health, "; waiting for db to serve first (db is running, but its probe "
				    "has not succeeded)") != NULL);
	db_is(VIGIL_SERVICE_RUNNING, true);
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(is_issued());
	down_then_up(2);
}
END_TEST

/* The other service is restarted every three seconds, less than healthy_after. */
START_TEST(repeated_restarts_of_the_other_service_cause_one)
{
	start_web();
	restart_db();
	NEWS(RUNNING, .pid = 5000001, .run = 1);
	ck_assert(is_issued());
	down_then_up(2);
	for (int i = 0; i < 10; i++) {
		fake_pass(2);
		restart_db();
		NEWS(RUNNING, .pid = 5000002, .run = 2);
		ck_assert(!is_issued());
	}
	health_is(VIGIL_WARNING,
		"web is running, but db was restarted (its pid changed from 12 to 40); "
		"its restart waits until db keeps running");
	fake_pass(9.9);
	STATUS(RUNNING, .pid = 5000002, .run = 2);
	ck_assert(!is_issued());
	fake_pass(0.2); /* the timer of the decision makes the check */
	NEWS(RUNNING, .pid = 5000002, .run = 2);
	ck_assert(is_issued());
	down_then_up(3);
	ck_assert_uint_eq(fake.restarts, 2);
}
END_TEST

/* Restarts because of other services do not mean that this one keeps crashing. */
START_TEST(it_does_not_count_as_a_crash)
{
	start_web();
	for (uint64_t i = 1; i < 10; i++) {
		fake_pass(20);
		restart_db();
		NEWS(RUNNING, .pid = 5000000 + (pid_t)i, .run = i);
		ck_assert(is_issued());
		down_then_up(i + 1);
	}
}
END_TEST

/* Both died, and the restart of the other one is due. */
START_TEST(a_service_that_is_down_waits_for_the_restart_of_the_other_one)
{
	start_web();
	db_is(VIGIL_SERVICE_FAILED, false);
	NEWS(FAILED);
	ck_assert(!is_issued());
	health_is(VIGIL_CRITICAL,
		"web is failed; waiting for db to be restarted first (db is failed)");
	fake_pass(1);
	db_status.restarted = fake.now;
	db_is(VIGIL_SERVICE_RUNNING, true);
	NEWS(FAILED);
	ck_assert(is_issued());
	fake_pass(1);
	down_then_up(2);
	ck_assert_uint_eq(fake.restarts, 1);
}
END_TEST

/* vigild gave up the other one, and only `after` waits for it. */
START_TEST(a_service_that_is_down_does_not_wait_for_a_restart_that_is_not_due)
{
	start_web();
	db_is(VIGIL_SERVICE_STOPPED, false);
	NEWS(FAILED);
	ck_assert(is_issued());
	RESTARTED(RUNNING, .pid = 5000002, .run = 2);
}
END_TEST

SUITE("service_peers", setup, teardown)
{
	TEST(a_running_service_is_restarted_once_and_says_why);
	TEST(a_restart_that_does_not_show_is_not_repeated);
	TEST(a_failed_restart_is_tried_again);
	TEST(a_service_that_its_restart_left_stopped_is_restarted);
	TEST(a_refused_restart_is_tried_again);
	TEST(the_start_of_vigild_is_no_restart);
	TEST(a_service_that_something_else_restarted_needs_nothing);
	TEST(a_service_that_is_down_is_not_started_by_this);
	TEST(an_observer_and_a_paused_service_are_left_alone_with_a_reason);
	TEST(a_package_upgrade_delays_it);
	TEST(it_waits_until_the_other_service_serves);
	TEST(repeated_restarts_of_the_other_service_cause_one);
	TEST(it_does_not_count_as_a_crash);
	TEST(a_service_that_is_down_waits_for_the_restart_of_the_other_one);
	TEST(a_service_that_is_down_does_not_wait_for_a_restart_that_is_not_due);
}
