/*
 * check_unit_monitor_crash: a crash that the signals of a real systemd prove is known and repaired
 * without a query; in every other situation the queries are made.  The test runs itself again under
 * a systemd in separate namespaces, so that the systemd of the machine is not touched.
 */
#include "service/systemd/unit_monitor.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fixture_unit_monitor.h"

#define RUNS  "ExecStart=/bin/sleep 1000"
#define TRIES 100

/* Subscribes to a running unit, and finds out with a worker that its state says everything. */
static void subscribe_running(struct seen *seen, const char *name)
{
	subscribe(seen, name);
	ck_assert_int_eq(look(seen), VIGIL_SERVICE_RUNNING);
	ask_worker(seen, 1);
	unit_monitor_invalidate(seen->unit);
	ck_assert_int_eq(look(seen), VIGIL_SERVICE_RUNNING);
}

static void query(struct seen *seen)
{
	seen->answers = 0;
	ck_assert_int_eq(unit_monitor_query(seen->unit, false, PATIENCE), 0);
	ck_assert(run(is_answered, seen, PATIENCE));
}

/* Ends the process, and then does what vigild does when its pidfd shows that. */
static void crash(struct seen *seen)
{
	ck_assert_int_eq(kill(seen->answer.main_pid, SIGKILL), 0);
	unit_monitor_note_exit(seen->unit);
	query(seen);
}

/* Whether the last answer has taken no call to systemd. */
static bool is_free(const struct unit_monitor_counts *before)
{
	struct unit_monitor_counts after;

	unit_monitor_counts(monitor, &after);
	return after.messages == before->messages && after.properties == before->properties;
}

/* A slow machine may deliver a signal too late to be a proof; then the unit is queried as ever. */
START_TEST(a_crash_is_known_without_a_query)
{
	struct unit_monitor_counts before;
	unsigned free_answers = 0;
	struct seen seen;

	start_unit("w-crash", RUNS "\n[Unit]\nStartLimitIntervalSec=0");
	subscribe_running(&seen, "w-crash");
	for (unsigned i = 0; i < TRIES && free_answers < 3; i++) {
		unit_monitor_counts(monitor, &before);
		crash(&seen);
		free_answers += is_free(&before);
		ck_assert_int_eq(seen.answer.status, VIGIL_SERVICE_FAILED);
		compare(&seen, "w-crash");
		ck_assert_int_eq(look(&seen), VIGIL_SERVICE_FAILED); /* and so a query says */
		ck_assert_int_eq(shell("systemctl start w-crash"), 0);
		while (look(&seen) != VIGIL_SERVICE_RUNNING)
			;
	}
	ck_assert_uint_eq(free_answers, 3);
	unsubscribe(&seen);
}
END_TEST

START_TEST(a_proven_crash_is_repaired_on_the_same_connection)
{
	unsigned repaired = 0;
	struct seen seen;
	pid_t before;

	start_unit("w-repair", RUNS "\n[Unit]\nStartLimitIntervalSec=0");
	subscribe_running(&seen, "w-repair");
	for (unsigned i = 0; i < TRIES && repaired < 3; i++) {
		before = seen.answer.main_pid;
		crash(&seen);
		seen.answers = 0;
		if (unit_monitor_restart(seen.unit, PATIENCE) == 0) {
			repaired++;
			/* a second request cannot be made */
			ck_assert_int_ne(unit_monitor_restart(seen.unit, PATIENCE), 0);
			ck_assert(run(is_answered, &seen, PATIENCE));
			/* a start that takes over 200 ms is left to a worker */
			ck_assert_int_ne(seen.how, UNIT_ASK_WORKER);
		} else {
			ck_assert_int_eq(shell("systemctl start w-repair"), 0);
		}
		if (seen.answers == 0 || seen.how != UNIT_ANSWERED)
			while (look(&seen) != VIGIL_SERVICE_RUNNING)
				;
		ck_assert_int_ne(seen.answer.main_pid, before);
		compare(&seen, "w-repair");
		/* the status is valid, and the next crash is known at once, too */
		ck_assert(run(is_valid, &seen, PATIENCE));
	}
	ck_assert_uint_eq(repaired, 3);
	unsubscribe(&seen);
}
END_TEST

START_TEST(a_restart_that_takes_long_is_left_to_a_worker)
{
	struct manager_request request = worker_request("w-slow");
	struct manager_reply reply;
	unsigned followed = 0;
	struct seen seen;

	start_unit("w-slow", "Type=notify\nNotifyAccess=all\nExecStart=/bin/sh -c "
			     "'sleep 1; systemd-notify --ready; exec sleep 1000'\n"
			     "[Unit]\nStartLimitIntervalSec=0");
	subscribe_running(&seen, "w-slow");
	for (unsigned i = 0; i < TRIES && followed == 0; i++) {
		crash(&seen);
		seen.answers = 0;
		if (unit_monitor_restart(seen.unit, PATIENCE) != 0) {
			ck_assert_int_eq(shell("systemctl start w-slow"), 0);
			while (look(&seen) != VIGIL_SERVICE_RUNNING)
				;
			continue;
		}
		ck_assert(run(is_answered, &seen, PATIENCE));
		ck_assert_int_eq(seen.how, UNIT_FOLLOW_JOB);
		followed++;
	}
	ck_assert_uint_eq(followed, 1);
	/* the worker waits for the job instead of requesting another one */
	request.accepted = seen.job;
	manager_apply(MANAGER_RESTART, &request, &reply);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	/* also if the job has ended */
	request.deadline = clock_now() + PATIENCE;
	manager_apply(MANAGER_RESTART, &request, &reply);
	ck_assert_int_eq(reply.error, 0);
	/* and a request that was not answered is not repeated */
	request.accepted.path[0] = '\0';
	request.deadline = clock_now() + PATIENCE;
	manager_apply(MANAGER_RESTART, &request, &reply);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(shell("test $(systemctl show -P NRestarts w-slow) = 0"), 0);
	manager_thread_end();
	unsubscribe(&seen);
}
END_TEST

/* --- what is never repaired at once ----------------------------------------------------------- */

/* `moment` is what happens in one moment with the end of the process, whose pid is $1. */
static const struct {
	const char *name, *lines, *moment;
} others[] = {
	{"w-clean", RUNS, "systemctl stop w-clean"},
	{"w-stop", "ExecStart=/bin/sh -c 'trap : TERM; while :; do sleep 0.1; done'",
		"systemctl stop --no-block w-stop; kill -KILL $1"},
	{"w-mask", RUNS,
		"ln -sf /dev/null " UNITS "w-mask.service; systemctl daemon-reload; kill -KILL $1"},
	{"w-reload", RUNS, "systemctl daemon-reload; kill -KILL $1"},
	{"w-always", RUNS "\nRestart=always\nRestartSec=1h", "kill -KILL $1"},
	{"w-failure", RUNS "\nRestart=on-failure\nRestartSec=0", "kill -KILL $1"},
	{"w-post", RUNS "\nExecStopPost=/bin/sleep 1", "kill -KILL $1"},
	{"w-others", "KillMode=mixed\nExecStart=/bin/sh -c 'sleep 1001 & exec sleep 1000'",
		"kill -TERM $1"},
	/* without a reload of systemd, and so that the unit has to be stopped for it */
	{"w-foe", RUNS,
		"systemd-run -q --no-block -u w-foe-of -p Conflicts=w-foe.service sleep 1000; "
		"kill -KILL $1"},
	{"w-known", RUNS "\n[Unit]\nConflicts=w-known-foe.service", "kill -KILL $1"},
	{"w-condition", RUNS "\n[Unit]\nConditionPathExists=/run", "kill -KILL $1"},
	{"w-part", RUNS "\n[Unit]\nDefaultDependencies=no", "kill -KILL $1"},
	{"w-success", RUNS "\nSuccessExitStatus=SIGKILL", "kill -KILL $1"},
	{"w-restart", "ExecStart=/bin/sh -c 'trap : TERM; while :; do sleep 0.1; done'",
		"systemctl restart --no-block w-restart; kill -KILL $1"},
};

START_TEST(what_is_no_proven_crash_is_queried)
{
	const char *name = others[_i].name;
	struct seen seen;

	start_unit(name, others[_i].lines);
	subscribe_running(&seen, name);
	shell("set -- %d; %s", (int)seen.answer.main_pid, others[_i].moment);
	unit_monitor_note_exit(seen.unit);
	if (unit_monitor_query(seen.unit, false, PATIENCE) != 0)
		look(&seen); /* systemd reloads */
	else
		query(&seen);
	ck_assert_int_ne(unit_monitor_restart(seen.unit, PATIENCE), 0);
	/* the status is that of a worker as soon as nothing changes any more */
	for (unsigned i = 0; i < 3; i++) {
		run(is_never, NULL, CLOCK_SECOND / 3);
		look(&seen);
		ck_assert_int_ne(unit_monitor_restart(seen.unit, PATIENCE), 0);
	}
	compare(&seen, name);
	unsubscribe(&seen);
	/* some ignore SIGTERM */
	shell("systemctl stop --no-block %s; systemctl kill -s KILL %s; systemctl stop %s", name,
		name, name);
}
END_TEST

START_TEST(a_proof_is_not_used_after_another_change)
{
	struct seen seen;

	start_unit("w-again", RUNS "\n[Unit]\nStartLimitIntervalSec=0");
	subscribe_running(&seen, "w-again");
	crash(&seen);
	ck_assert_int_eq(shell("systemctl start w-again"), 0);
	run(is_never, NULL, CLOCK_SECOND / 10);
	ck_assert_int_ne(unit_monitor_restart(seen.unit, PATIENCE), 0);
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	unsubscribe(&seen);
}
END_TEST

START_TEST(a_subscription_may_end_during_the_wait_and_the_restart)
{
	struct seen seen;

	start_unit("w-ends", RUNS "\n[Unit]\nStartLimitIntervalSec=0");
	for (int restart = 0; restart < 2; restart++) {
		subscribe_running(&seen, "w-ends");
		if (restart) {
			crash(&seen);
			unit_monitor_restart(seen.unit, PATIENCE);
		} else {
			ck_assert_int_eq(kill(seen.answer.main_pid, SIGKILL), 0);
			unit_monitor_note_exit(seen.unit);
			ck_assert_int_eq(unit_monitor_query(seen.unit, false, PATIENCE), 0);
		}
		seen.answers = 0;
		unsubscribe(&seen);
		run(is_never, NULL, CLOCK_SECOND / 2);
		ck_assert_uint_eq(seen.answers, 0);
		ck_assert_int_eq(shell("systemctl start w-ends"), 0);
	}
}
END_TEST

START_TEST(a_connection_that_is_lost_during_the_restart)
{
	unsigned lost = 0;
	struct seen seen;

	start_unit("w-loses", RUNS "\n[Unit]\nStartLimitIntervalSec=0");
	for (unsigned i = 0; i < TRIES && lost == 0; i++) {
		subscribe_running(&seen, "w-loses");
		crash(&seen);
		seen.answers = 0;
		if (unit_monitor_restart(seen.unit, PATIENCE) == 0) {
			lost++;
			shell("systemctl restart dbus.service");
			await_bus();
			ck_assert(run(is_answered, &seen, PATIENCE));
			ck_assert_int_ne(seen.how, UNIT_ASK_WORKER); /* nothing is repeated */
		}
		shell("systemctl start w-loses");
		while (look(&seen) != VIGIL_SERVICE_RUNNING)
			;
		unsubscribe(&seen);
	}
	ck_assert_uint_eq(lost, 1);
}
END_TEST

SUITE("unit_monitor_crash", setup, teardown)
{
	TIMEOUT(300);
	in_systemd();
	TEST(a_crash_is_known_without_a_query);
	TEST(a_proven_crash_is_repaired_on_the_same_connection);
	TEST(a_restart_that_takes_long_is_left_to_a_worker);
	LOOP_TEST(what_is_no_proven_crash_is_queried, COUNT(others));
	TEST(a_proof_is_not_used_after_another_change);
	TEST(a_subscription_may_end_during_the_wait_and_the_restart);
	TEST(a_connection_that_is_lost_during_the_restart);
}
