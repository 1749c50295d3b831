/* check_pidfd: the exit of a process, whether or not it is a child of this process. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "loop/loop.h"
#include "process/pidfd.h"
#include "process/spawn.h"
#include "suite.h"

static struct loop *loop;
static struct pidfd_watch *watch;
static unsigned told;
static struct loop_timer *guard;

static void on_guard(uint64_t missed, void *arg)
{
	ck_abort_msg("it was not seen");
}

static void setup(void)
{
	loop = loop_new();
	told = 0;
	guard = loop_after(loop, 20 * CLOCK_SECOND, on_guard, NULL);
	ck_assert_ptr_nonnull(guard);
}

static void teardown(void)
{
	loop_timer_free(guard);
	loop_free(loop);
}

static void on_end(void *arg)
{
	told++;
	pidfd_watch_close(watch); /* inside its own callback */
	watch = NULL;
	loop_stop(loop);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

START_TEST(an_exit_is_reported_once)
{
	pid_t pid = sleeper();

	watch = pidfd_watch_open(loop, pid, on_end, NULL);
	ck_assert_ptr_nonnull(watch);
	ck_assert_int_eq(pidfd_watch_pid(watch), pid);
	kill(pid, SIGKILL);
	ck_assert_uint_eq(told, 0); /* in the loop, not here */
	loop_run(loop);
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid); /* its parent can still reap it */
}
END_TEST

START_TEST(the_exit_of_a_process_that_is_gone_is_reported_in_the_loop)
{
	pid_t pid = sleeper();

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	watch = pidfd_watch_open(loop, pid, on_end, NULL);
	ck_assert_ptr_nonnull(watch);
	ck_assert_uint_eq(told, 0);
	loop_run(loop);
	ck_assert_uint_eq(told, 1);
}
END_TEST

static void on_stop(uint64_t missed, void *arg)
{
	loop_stop(loop);
}

static int taken;

static void on_end_take(void *arg)
{
	taken = pidfd_watch_take(watch);
	on_end(arg);
}

static const struct {
	int status; /* negative: the signal that kills it */
} ends[] = {{0}, {7}, {255}, {-SIGKILL}, {-SIGUSR2}};

/* Waits until the watched process has ended, with its pidfd in taken. */
static pid_t run_until_end(int status)
{
	pid_t pid = fork();

	if (pid == 0 && status >= 0)
		_exit(status);
	if (pid == 0)
		for (;;)
			pause();
	watch = pidfd_watch_open(loop, pid, on_end_take, NULL);
	ck_assert_ptr_nonnull(watch);
	if (status < 0)
		kill(pid, -status);
	loop_run(loop);
	ck_assert_int_ge(taken, 0);
	return pid;
}

START_TEST(how_a_process_ended_is_known_when_it_is_reaped)
{
	pid_t pid = run_until_end(ends[_i].status);
	int wait_status, said = pidfd_wait_status(taken);

	ck_assert_int_lt(said, 0);
	ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
	if (said == -EAGAIN)
		ck_assert_int_eq(pidfd_wait_status(taken), wait_status);
	else /* Linux before 6.15 */
		ck_assert_int_lt(pidfd_wait_status(taken), 0);
	close(taken);
	ck_assert_int_eq(pidfd_wait_status(-1), -EBADF);
}
END_TEST

START_TEST(a_closed_watch_reports_nothing)
{
	pid_t pid = sleeper();
	struct loop_timer *end;

	watch = pidfd_watch_open(loop, pid, on_end, NULL);
	pidfd_watch_close(watch);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	end = loop_after(loop, 50 * CLOCK_MS, on_stop, NULL);
	loop_run(loop);
	ck_assert_uint_eq(told, 0);
	loop_timer_free(end);
}
END_TEST

/* Makes pidfd_open fail as on Linux before 5.3. */
static void remove_pidfds(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(rules) / sizeof(*rules), rules};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return;
	puts("SKIP: the kernel or the emulator has no seccomp filters");
	fflush(stdout);
	_exit(EXIT_SUCCESS);
}

START_TEST(without_pidfds_no_process_is_started)
{
	const struct degraded_reason *reason;
	const char *argv[] = {"/bin/true", NULL};
	const struct spawn spawn = {.argv = argv};
	int out, pidfd, err;

	ck_assert(pidfd_exists());
	remove_pidfds();
	ck_assert(!pidfd_exists());
	err = spawn_start(&spawn, &out, NULL, &pidfd);
	ck_assert_int_eq(err, -EOPNOTSUPP);
	degraded_started(err);
	reason = degraded_get(DEGRADED_PROCESSES);
	ck_assert_ptr_nonnull(reason);
	ck_assert_ptr_nonnull(strstr(reason->text, "the kernel has no pidfd_open"));
}
END_TEST

SUITE("pidfd", setup, teardown)
{
	LOOP_TEST(how_a_process_ended_is_known_when_it_is_reaped, COUNT(ends));
	TEST(an_exit_is_reported_once);
	TEST(the_exit_of_a_process_that_is_gone_is_reported_in_the_loop);
	TEST(a_closed_watch_reports_nothing);
	TEST(without_pidfds_no_process_is_started);
}
