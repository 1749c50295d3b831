/*
 * check_child_free: children that are freed, at any time, and ended together.
 */
#include <sched.h>
#include <sys/syscall.h>

#include "fixture_child.h"

START_TEST(a_child_may_be_freed_in_its_exit_callback)
{
	seen.free_at_exit = true;
	start("exit 3", 0, 0, false);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_int_eq(WEXITSTATUS(seen.e.status), 3);
}
END_TEST

START_TEST(a_child_may_be_freed_while_it_runs)
{
	struct child *child = start("exec sleep 1000", 0, 0, false);
	pid_t pid = child_pid(child);

	child_free(child);
	drain();
	ck_assert_int_eq(kill(pid, 0), -1); /* it was reaped and is not a zombie */
	ck_assert_uint_eq(seen.exits, 0);
	child_free(NULL);
}
END_TEST

START_TEST(a_child_freed_in_its_line_callback_that_ignores_term_is_killed)
{
	seen.free_at_line = true;
	start("trap '' TERM; echo $$; echo more; while :; do sleep 1; done", 0, 0, true);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(seen.lines, 1); /* no callback after the free */
	ck_assert_int_eq(kill(seen.said, 0), 0);
	drain();
	ck_assert_int_eq(kill(seen.said, 0), -1);
	ck_assert_uint_eq(seen.lines, 1);
	ck_assert_uint_eq(seen.exits, 0);
}
END_TEST

START_TEST(a_child_may_be_freed_in_the_callback_of_its_last_line)
{
	seen.free_at_line = true;
	start("printf last", 0, 0, true);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_str_eq(seen.line[0], "last");
	drain();
	ck_assert_uint_eq(seen.exits, 0);
}
END_TEST

START_TEST(detached_children_are_killed_when_the_loop_does_not_run)
{
	pid_t pids[3];

	for (int i = 0; i < 3; i++) {
		struct child *child = start("trap '' TERM; while :; do sleep 1; done", 0, 0, false);

		pids[i] = child_pid(child);
		child_free(child);
	}
	child_kill_detached();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(kill(pids[i], 0), -1);
	child_kill_detached();
}
END_TEST

/* Replaces all pidfds of this process by one of its own, which never becomes readable, as that of a
 * process that hangs in the kernel. */
static void hang_all(void)
{
	int own = (int)syscall(SYS_pidfd_open, getpid(), 0);
	char path[64], target[64] = "";

	for (int fd = 0; fd < own; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		memset(target, 0, sizeof(target));
		if (readlink(path, target, sizeof(target) - 1) > 0 &&
			strstr(target, "pidfd") != NULL)
			dup2(own, fd);
	}
	close(own);
}

START_TEST(children_that_hang_in_the_kernel_delay_the_stop_once)
{
	struct child *child;
	uint64_t began;

	for (int i = 0; i < 20; i++) {
		child = start("sleep 1000", 0, 0, false);
		while (getpgid(child_pid(child)) != child_pid(child))
			sched_yield(); /* an emulator returns before the child has its group */
		child_free(child);
	}
	hang_all();
	began = clock_now();
	child_kill_detached();
	ck_assert_uint_lt(clock_now() - began, 10 * CLOCK_SECOND); /* not a second for each */
}
END_TEST

START_TEST(child_terminate_all_ends_all_children)
{
	static const char *const lines[] = {"exec sleep 1000",
		"trap '' TERM; echo 1 >deaf; while :; do sleep 1; done", "exec sleep 1000"};
	struct child *children[3];
	pid_t pids[3];

	for (size_t i = 0; i < 3; i++) {
		children[i] = start(lines[i], 0, 0, false);
		pids[i] = child_pid(children[i]);
	}
	scratch_number("deaf");
	child_free(children[2]); /* detached, but still running */
	child_terminate_all();
	for (size_t i = 0; i < 3; i++) {
		siginfo_t info = {0};

		ck_assert_int_eq(waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOWAIT), 0);
		ck_assert_int_eq(info.si_status, i == 1 ? SIGKILL : SIGTERM);
		ck_assert_int_eq(kill(-pids[i], 0), 0); /* a zombie that was not reaped */
	}
	child_free(children[0]);
	child_free(children[1]);
	child_kill_detached();
}
END_TEST

START_TEST(fifty_children_run_at_once)
{
	struct child *children[50];

	seen.stop_after = 50;
	for (int i = 0; i < 50; i++)
		children[i] = start("echo x", 0, 0, false);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(seen.exits, 50);
	for (int i = 0; i < 50; i++)
		child_free(children[i]);
}
END_TEST

SUITE("child_free", setup, teardown)
{
	TIMEOUT(120);
	TEST(a_child_may_be_freed_in_its_exit_callback);
	TEST(a_child_may_be_freed_while_it_runs);
	TEST(a_child_freed_in_its_line_callback_that_ignores_term_is_killed);
	TEST(a_child_may_be_freed_in_the_callback_of_its_last_line);
	TEST(detached_children_are_killed_when_the_loop_does_not_run);
	TEST(children_that_hang_in_the_kernel_delay_the_stop_once);
	TEST(child_terminate_all_ends_all_children);
	TEST(fifty_children_run_at_once);
}
