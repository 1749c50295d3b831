/* check_pidfd: the exit of a process, whether or not it is a child of this process. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "process/pidfd.h"
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

SUITE("pidfd", setup, teardown)
{
	TEST(an_exit_is_reported_once);
	TEST(the_exit_of_a_process_that_is_gone_is_reported_in_the_loop);
	TEST(a_closed_watch_reports_nothing);
}
