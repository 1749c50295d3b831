/*
 * check_manager_systemd: units of a real systemd in all their states. The test runs itself again
 * under a systemd in separate namespaces, so that the systemd of the machine is not touched.
 */
#include "fixture_manager_systemd.h"

START_TEST(the_life_of_a_service)
{
	pid_t pid;

	start_unit("t-life", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(reply.manager, &manager_systemd);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_str_eq(reply.text, "");
	ck_assert_int_eq(
		shell("test \"$(systemctl show -P MainPID t-life)\" = %d", (int)reply.pid), 0);

	pid = kill_main();
	await(VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_str_eq(reply.text, "killed by SIGKILL");
	ck_assert(!reply.start_limit);

	ck_assert_int_eq(restart(60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_ne(reply.pid, pid);
	ck_assert_int_gt(reply.pid, 1);

	ck_assert_int_eq(shell("systemctl stop t-life"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.pid, 0);
	request.manager = NULL; /* automatic choice finds it too, by either name */
	request.name = "t-life.service";
	ck_assert_int_eq(restart(60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(reply.manager, &manager_systemd);
}
END_TEST

START_TEST(a_unit_that_does_not_exist)
{
	request = (struct manager_request){.name = "t-none", .manager = &manager_systemd};
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(restart(60), -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_ABSENT);
	request.manager = NULL;
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_ptr_null(reply.manager);

	/* it is uninstalled while it runs: it still runs, and is absent after the stop */
	start_unit("t-removed", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("rm " UNITS "t-removed.service; systemctl daemon-reload"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_str_eq(reply.text, "its unit file is not-found");
	ck_assert_int_eq(shell("systemctl stop t-removed"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
}
END_TEST

START_TEST(invalid_unit_names)
{
	char longest[256];

	request = (struct manager_request){.name = "dbus.socket", .manager = &manager_systemd};
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -EINVAL);
	ck_assert_int_eq(restart(60), -EINVAL);
	memset(longest, 'a', 255);
	longest[255] = '\0';
	request.name = longest;
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -EINVAL);
	request.name = "t-template@";
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	longest[255 - 8] = '\0';
	request.name = longest;
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
}
END_TEST

START_TEST(a_masked_unit)
{
	start_unit("t-masked", "ExecStart=/bin/sleep 1000");
	kill_main();
	await(VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(shell("ln -sf /dev/null " UNITS "t-masked.service; "
			       "systemctl daemon-reload"),
		0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(reply.hold, "the unit is masked");
	ck_assert_str_eq(reply.text, "masked");
	ck_assert_int_eq(restart(60), -EPERM);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_str_eq(reply.text, "the unit is masked");
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(reply.hold, "the unit is masked");
}
END_TEST

START_TEST(a_unit_with_a_job_in_progress)
{
	put_unit("t-starting", "",
		"Type=notify\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("systemctl start --no-block t-starting"), 0);
	await_text(VIGIL_SERVICE_STARTING, "start");

	start_unit("t-respawning", "Restart=always\nRestartSec=1h\nExecStart=/bin/sleep 1000");
	kill_main();
	await_text(VIGIL_SERVICE_STARTING, "auto-restart");

	/* it waits for another unit, as during a boot */
	put_unit("t-waiting", "After=t-starting.service", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("systemctl start --no-block t-waiting"), 0);
	await_text(VIGIL_SERVICE_STARTING, "a start job is pending");
	ck_assert_int_eq(shell("systemctl kill -s KILL t-starting"), 0);
	await(VIGIL_SERVICE_RUNNING);

	start_unit("t-reloading", "ExecStart=/bin/sleep 1000\nExecReload=/bin/sleep 1000");
	ck_assert_int_eq(shell("systemctl reload --no-block t-reloading"), 0);
	await(VIGIL_SERVICE_RELOADING);
	ck_assert_int_gt(reply.pid, 1);

	start_unit("t-once", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true");
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, 0);
}
END_TEST

START_TEST(a_stop_by_an_admin_is_not_interrupted)
{
	start_unit("t-stopping", "ExecStart=/bin/sleep 1000\nExecStop=/bin/sleep 1000\n"
				 "TimeoutStopSec=infinity");
	ck_assert_int_eq(shell("systemctl stop --no-block t-stopping"), 0);
	await(VIGIL_SERVICE_STOPPING);
	ck_assert_int_eq(restart(60), -EBUSY);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_ptr_nonnull(strstr(reply.text, "a stop job is pending"));
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPING);
}
END_TEST

START_TEST(respawns_are_counted)
{
	pid_t pid;

	start_unit("t-always", "Restart=always\nRestartSec=0\nExecStart=/bin/sleep 1000");
	pid = kill_main();
	do
		await(VIGIL_SERVICE_RUNNING);
	while (reply.pid == pid);
	ck_assert_uint_eq(reply.respawns, 1);
}
END_TEST

START_TEST(a_restart_that_fails)
{
	put_unit("t-false", "", "Type=oneshot\nExecStart=/bin/false");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_str_eq(reply.text, "it could not be started: exit-code");
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);

	/* for systemd it has started, but it ends before the query */
	put_unit("t-brief", "", "Type=forking\nExecStart=/bin/true");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(
		reply.text, "restarted, but its status right afterwards was stopped: dead");

	put_unit("t-needy", "Requires=t-false.service\nAfter=t-false.service",
		"ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert_ptr_nonnull(strstr(reply.text, "a unit that it needs"));
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);

	put_unit("t-late", "", "Type=notify\nTimeoutStartSec=100ms\nExecStart=/bin/sleep 1000");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert_ptr_nonnull(strstr(reply.text, "timeout"));

	put_unit("t-wrong", "", "ExecStart=");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(reply.text, "its unit file is bad-setting");
	ck_assert_int_lt(restart(60), 0);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
}
END_TEST

START_TEST(the_start_limit_is_reported)
{
	char lines[256];
	int i;

	snprintf(lines, sizeof(lines),
		"Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/ls %s/mended", scratch);
	put_unit("t-limit", "StartLimitBurst=3\nStartLimitIntervalSec=1h", lines);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(restart(60), -EIO);
		ck_assert(!reply.start_limit);
	}
	scratch_put("mended", 0644, "at last");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert(reply.start_limit);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);
	ck_assert_str_eq(reply.text, "it could not be started: start-limit-hit");

	request.reset_failed = true;
	ck_assert_int_eq(restart(60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert(!reply.start_limit);
}
END_TEST

START_TEST(the_start_limit_of_a_unit_that_did_not_fail)
{
	int i;

	put_unit("t-limit-fine", "StartLimitBurst=3\nStartLimitIntervalSec=1h",
		"ExecStart=/bin/sleep 1000");
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(restart(60), 0);
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert(reply.start_limit);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	ck_assert(reply.start_limit); /* systemd itself reports this permanently */
	ck_assert_str_eq(reply.text, "start-limit-hit");
	request.reset_failed = true;
	ck_assert_int_eq(restart(60), 0);
}
END_TEST

START_TEST(a_restart_that_hangs)
{
	put_unit("t-hang", "", "Type=notify\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 1000");
	/* systemd sets no limit, so the job is in progress and has not failed */
	/* The calls before the job take their time on a busy machine. */
	ck_assert_int_eq(restart(5), 0);
	ck_assert(reply.in_progress);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STARTING);
	ck_assert(isinf(reply.busy_limit));
	ck_assert_int_eq(restart(-1), -ETIMEDOUT);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STARTING);
	ck_assert_int_eq(ask(-1), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
}
END_TEST

/* --- start and stop --------------------------------------------------------------------------- */

START_TEST(a_start_and_a_stop)
{
	pid_t pid;

	put_unit("t-switch", "", "ExecStart=/bin/sleep 1000\nExecStop=/bin/sleep 0.3");
	ck_assert_int_eq(apply(MANAGER_STOP, 60), 0); /* it is stopped already */
	ck_assert_int_eq(apply(MANAGER_START, 60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	pid = reply.pid;
	ck_assert_int_eq(apply(MANAGER_START, 60), 0); /* it runs already */
	ck_assert_int_eq(reply.pid, pid);
	ck_assert_int_eq(apply(MANAGER_STOP, 60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(kill(pid, 0), -1);
	request.name = "t-none";
	ck_assert_int_eq(apply(MANAGER_START, 60), -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_ABSENT);
}
END_TEST

/* A service that ignores SIGTERM.  It has started when bit 14 of SigIgn is set. */
#define IGNORES_TERM                                                          \
	"ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'\n"  \
	"ExecStartPost=/bin/sh -c 'until grep -q \"^SigIgn:.*[4-7c-f]...$\" " \
	"/proc/$$MAINPID/status; do sleep 0.01; done'"

/* systemd calls a service that it had to kill "failed". But it was stopped, and did not crash. */
START_TEST(a_stop_of_a_service_that_ignores_it)
{
	start_unit("t-deaf", "TimeoutStopSec=200ms\n" IGNORES_TERM);
	ck_assert_int_eq(apply(MANAGER_STOP, 60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(shell("systemctl -q is-failed t-deaf"), 0);

	start_unit("t-deafer", "TimeoutStopSec=infinity\n" IGNORES_TERM);
	ck_assert_int_eq(apply(MANAGER_STOP, 4), -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPING);
	ck_assert_ptr_nonnull(strstr(reply.text, "it did not stop within the deadline"));
	/* a start now would contradict the pending stop */
	ck_assert_int_eq(apply(MANAGER_START, 60), -EBUSY);
	ck_assert_ptr_nonnull(strstr(reply.text, "a stop job is pending"));
	/* a second stop waits for the same job */
	ck_assert_int_eq(shell("systemctl kill -s KILL t-deafer"), 0);
	ck_assert_int_eq(apply(MANAGER_STOP, 60), 0);
	ck_assert(vigil_service_is_down(reply.status));
}
END_TEST

START_TEST(a_start_that_fails)
{
	put_unit("t-start-false", "", "Type=oneshot\nExecStart=/bin/false");
	ck_assert_int_eq(apply(MANAGER_START, 60), -EIO);
	ck_assert_str_eq(reply.text, "it could not be started: exit-code");
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(apply(MANAGER_STOP, 60), 0); /* there is nothing to stop */

	put_unit("t-start-masked", "", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("ln -sf /dev/null " UNITS "t-start-masked.service; "
			       "systemctl daemon-reload"),
		0);
	ck_assert_int_eq(apply(MANAGER_START, 60), -EPERM);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_str_eq(reply.text, "the unit is masked");
	ck_assert_int_eq(apply(MANAGER_STOP, 60), 0);
}
END_TEST

START_TEST(a_start_of_a_oneshot)
{
	char lines[128];

	snprintf(lines, sizeof(lines), "Type=oneshot\nExecStart=/bin/touch %s/done", scratch);
	put_unit("t-oneshot", "", lines);
	ck_assert_int_eq(apply(MANAGER_START, 60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_str_ne(reply.idle, "");
	ck_assert(scratch_has("done"));
	ck_assert_int_eq(unlink(scratch_path("done")), 0);
	ck_assert_int_eq(apply(MANAGER_START, 60), 0); /* it may be started again */
	ck_assert(scratch_has("done"));

	start_unit("t-remains", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true");
	ck_assert_int_eq(apply(MANAGER_STOP, 60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(apply(MANAGER_START, 60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
}
END_TEST

/* A pending job is another admin's wish, and vigild does not replace it. */
START_TEST(a_pending_job_is_respected)
{
	put_unit("t-pending", "",
		"Type=notify\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("systemctl start --no-block t-pending"), 0);
	await(VIGIL_SERVICE_STARTING);
	ck_assert_int_eq(apply(MANAGER_STOP, 60), -EBUSY);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_ptr_nonnull(strstr(reply.text, "'start' job queued"));
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STARTING);
	/* a start joins the pending one */
	ck_assert_int_eq(apply(MANAGER_START, 4), 0);
	ck_assert(reply.in_progress);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STARTING);
	ck_assert_int_eq(shell("systemctl stop t-pending"), 0);
}
END_TEST

START_TEST(a_main_process_whose_end_systemd_does_not_notice)
{
	pid_t died;

	/* the wrapper lives on, so the process of the pidfile is no child of systemd */
	start_unit("t-wrapped", "Type=forking\nPIDFile=/run/t-wrapped.pid\n"
				"ExecStart=/bin/sh -c 'setsid sh -c \"sleep 1000 & echo \\$! "
				">/run/t-wrapped.pid; exec sleep 1000\" & "
				"until test -s /run/t-wrapped.pid; do sleep 0.1; done'\n"
				"ExecStopPost=/bin/rm -f /run/t-wrapped.pid");
	await(VIGIL_SERVICE_RUNNING);
	died = reply.pid;
	ck_assert_int_eq(kill(died, SIGKILL), 0);
	request.down = true;
	request.memory.died = died;
	while (process_lives(died))
		usleep(1000);
	ck_assert_int_eq(restart(60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_ne(reply.pid, died);
	shell("systemctl stop t-wrapped");
}
END_TEST

START_TEST(an_enabled_unit_of_dbus_is_meant_to_run)
{
	start_unit("t-bus", "ExecStart=/bin/sleep 1000\n"
			    "[Install]\nWantedBy=sysinit.target\nAlias=dbus-t.Bus.service");
	ck_assert_int_eq(shell("systemctl -q --runtime enable t-bus; systemctl stop t-bus"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(reply.idle, "");
	shell("systemctl -q --runtime disable t-bus");
	start_unit("t-need", "ExecStart=/bin/sleep 1000\n[Install]\nAlias=dbus-t.Need.service");
	ck_assert_int_eq(shell("systemctl -q --runtime enable t-need; systemctl stop t-need"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(reply.idle, "started over D-Bus when it is needed");
	shell("systemctl -q --runtime disable t-need");
}
END_TEST

SUITE("manager_systemd", scratch_setup, scratch_teardown)
{
	TIMEOUT(300);
	in_systemd();
	TEST(the_life_of_a_service);
	TEST(a_unit_that_does_not_exist);
	TEST(invalid_unit_names);
	TEST(a_masked_unit);
	TEST(a_unit_with_a_job_in_progress);
	TEST(a_stop_by_an_admin_is_not_interrupted);
	TEST(respawns_are_counted);
	TEST(a_restart_that_fails);
	TEST(the_start_limit_is_reported);
	TEST(the_start_limit_of_a_unit_that_did_not_fail);
	TEST(a_restart_that_hangs);
	TEST(a_start_and_a_stop);
	TEST(a_stop_of_a_service_that_ignores_it);
	TEST(a_start_that_fails);
	TEST(a_start_of_a_oneshot);
	TEST(a_pending_job_is_respected);
	TEST(a_main_process_whose_end_systemd_does_not_notice);
	TEST(an_enabled_unit_of_dbus_is_meant_to_run);
}
