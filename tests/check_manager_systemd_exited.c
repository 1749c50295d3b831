/*
 * check_manager_systemd_exited: units that are active without a process that systemd watches, such
 * as umbrella units and oneshots.
 */
#include "fixture_manager_systemd.h"

/* systemd calls an umbrella unit active whatever its parts do. */
START_TEST(a_unit_with_parts)
{
	put_unit("t-part", "PartOf=t-umbrella.service",
		"ExecStart=/bin/sleep 1000\nExecStop=/bin/sleep 0.3");
	put_unit("t-umbrella", "Wants=t-part.service",
		"Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true");
	ck_assert_int_eq(apply(MANAGER_START, 60), 0);
	await(VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(shell("systemctl kill -s KILL t-part"), 0);
	await(VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(apply(MANAGER_START, 60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(shell("systemctl -q is-active t-part"), 0);
	ck_assert_int_eq(apply(MANAGER_STOP, 60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(shell("test \"$(systemctl is-active t-part)\" = inactive"), 0);
}
END_TEST

/* The next query knows what this one has found, and that its process has ended. */
static void note_end(void)
{
	pid_t pid = reply.pid;

	ck_assert_int_gt(pid, 0);
	request.memory = reply.memory;
	request.memory.died = pid;
}

START_TEST(the_end_of_a_part_that_need_not_run_is_no_failure)
{
	struct manager_request whole;

	put_unit("t-manual", "PartOf=t-whole.service", "ExecStart=/bin/sleep 1000");
	start_unit("t-whole", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true");
	whole = request;
	ck_assert_int_eq(shell("systemctl start t-manual"), 0);
	request = whole;
	await(VIGIL_SERVICE_RUNNING);
	note_end();
	ck_assert_int_eq(shell("systemctl stop t-manual"), 0);
	await(VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(shell("rm " UNITS "t-manual.service; systemctl daemon-reload"), 0);
	await(VIGIL_SERVICE_RUNNING);
}
END_TEST

START_TEST(a_oneshot_that_is_started_again_need_not_leave_a_process)
{
	shell("touch /run/t-leave");
	start_unit("t-again", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'if test -e "
			      "/run/t-leave; then sleep 1000 & fi'");
	await(VIGIL_SERVICE_RUNNING);
	note_end();
	shell("rm /run/t-leave");
	ck_assert_int_eq(shell("systemctl restart t-again"), 0);
	await(VIGIL_SERVICE_RUNNING);

	/* but if it had lost the process before, the start has not repaired it */
	shell("touch /run/t-leave");
	ck_assert_int_eq(shell("systemctl restart t-again"), 0);
	await(VIGIL_SERVICE_RUNNING);
	note_end();
	ck_assert_int_eq(kill(request.memory.died, SIGKILL), 0);
	await(VIGIL_SERVICE_FAILED);
	request.memory.lost = reply.memory.lost;
	shell("rm /run/t-leave");
	ck_assert_int_eq(shell("systemctl restart t-again"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
}
END_TEST

static void put_part(int i, const char *start)
{
	char name[32], line[64];

	snprintf(name, sizeof(name), "t-part%d", i);
	snprintf(line, sizeof(line), "ExecStart=%s", start);
	put_unit(name, "PartOf=t-parts.service", line);
}

#define PARTS "t-part0 t-part1 t-part2 t-part3"

/* systemd decides on the order of the parts, so each of them is the broken one once. */
START_TEST(a_broken_part_keeps_no_other_part_down)
{
	struct manager_request whole;

	for (int i = 0; i < 4; i++)
		put_part(i, "/bin/sleep 1000");
	put_unit("t-parts", "Wants=t-part0.service t-part1.service t-part2.service t-part3.service",
		"Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true");
	whole = request;
	ck_assert_int_eq(shell("systemctl start t-parts " PARTS), 0);
	await(VIGIL_SERVICE_RUNNING);
	put_part(_i, "/bin/false\nType=oneshot");
	request = whole;
	ck_assert_int_eq(shell("systemctl kill -s KILL " PARTS), 0);
	await(VIGIL_SERVICE_FAILED);
	ck_assert_int_lt(apply(MANAGER_RESTART, 60), 0);
	ck_assert_int_eq(shell("test $(systemctl is-active " PARTS " | grep -cx active) = 3"), 0);
	shell("systemctl stop t-parts " PARTS "; systemctl reset-failed");
}
END_TEST

SUITE("manager_systemd_exited", scratch_setup, scratch_teardown)
{
	TIMEOUT(300);
	in_systemd();
	TEST(a_unit_with_parts);
	TEST(the_end_of_a_part_that_need_not_run_is_no_failure);
	TEST(a_oneshot_that_is_started_again_need_not_leave_a_process);
	LOOP_TEST(a_broken_part_keeps_no_other_part_down, 4);
}
