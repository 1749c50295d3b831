/* check_spawn: child processes: their output and their end, also if they ignore signals. */
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "children.h"
#include "process/spawn_close.h"
#include "process/spawn_internal.h"
#include "scratch.h"
#include "suite.h"

static struct spawn_result result;

/* Runs a shell command in the scratch directory for at most `seconds`. */
static int run(const char *line, double seconds, bool spare_group)
{
	const char *argv[] = {"/bin/sh", "-c", line, NULL};
	struct spawn spawn = {.argv = argv, .directory = scratch, .merge_stderr = true};

	return spawn_run(&spawn, clock_now() + clock_from_seconds(seconds), spare_group, &result);
}

START_TEST(the_output_and_the_exit_status_are_returned)
{
	ck_assert_int_eq(run("echo out; echo err >&2; exit 7", 30, false), 0);
	ck_assert(WIFEXITED(result.status));
	ck_assert_int_eq(WEXITSTATUS(result.status), 7);
	ck_assert_str_eq(result.output, "out\nerr\n");
	ck_assert_uint_eq(result.length, 8);
	ck_assert(!result.timed_out);
	ck_assert(!result.truncated);

	ck_assert_int_eq(run("kill -9 $$", 30, false), 0);
	ck_assert(WIFSIGNALED(result.status));
	ck_assert_int_eq(WTERMSIG(result.status), SIGKILL);
	ck_assert_str_eq(result.output, "");
	ck_assert(!result.timed_out);
}
END_TEST

START_TEST(a_start_that_fails_returns_the_error)
{
	const char *argv[] = {NULL, NULL};
	struct spawn spawn = {.argv = argv};
	uint64_t deadline = clock_now() + 30 * CLOCK_SECOND;
	int out = -1, pidfd = -1;

	ck_assert_int_eq(spawn_run(&spawn, deadline, false, &result), -EINVAL);
	argv[0] = scratch_path("missing");
	ck_assert_int_eq(spawn_run(&spawn, deadline, false, &result), -ENOENT);
	/* If a directory of PATH may not be read, the error would be -EACCES. */
	ck_assert_int_eq(setenv("PATH", "/usr/bin:/bin", 1), 0);
	argv[0] = "no-such-program-anywhere";
	ck_assert_int_eq(spawn_run(&spawn, deadline, false, &result), -ENOENT);
	ck_assert_int_eq(spawn_start(&spawn, &out, NULL, &pidfd), -ENOENT);
	argv[0] = scratch_put("plain", 0644, "echo no interpreter named\n");
	ck_assert_int_eq(spawn_run(&spawn, deadline, false, &result), -EACCES);
	ck_assert_int_eq(chmod(argv[0], 0755), 0);
	ck_assert_int_eq(spawn_run(&spawn, deadline, false, &result), -ENOEXEC);
	ck_assert_int_eq(out, -1);
	ck_assert_int_eq(pidfd, -1);

	argv[0] = "/bin/true";
	spawn.directory = "/no/such/directory";
	ck_assert_int_eq(spawn_run(&spawn, deadline, false, &result), -ENOENT);
	spawn.directory = NULL;
	ck_assert_int_eq(spawn_run(&spawn, deadline, false, &result), 0);
	/* no child process is left */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* Returns the exit status of a shell that succeeds if the descriptor is not open. */
static int lacks(int fd, const posix_spawn_file_actions_t *actions)
{
	char script[64];
	char *const argv[] = {"sh", "-c", script, NULL};
	int status = -1;
	pid_t pid;

	snprintf(script, sizeof(script), "[ ! -e /proc/$$/fd/%d ]", fd);
	ck_assert_int_eq(posix_spawn(&pid, "/bin/sh", actions, NULL, argv, environ), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

START_TEST(descriptors_are_closed_one_by_one_for_old_libraries)
{
	posix_spawn_file_actions_t actions;
	int leaky = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC */

	ck_assert_int_ge(leaky, 3);
	ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
	ck_assert_int_eq(lacks(leaky, &actions), 1);
	ck_assert_int_eq(spawn_close_each(&actions, leaky + 1), 0);
	ck_assert_int_eq(lacks(leaky, &actions), 1);
	ck_assert_int_eq(spawn_close_each(&actions, leaky), 0);
	ck_assert_int_eq(lacks(leaky, &actions), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(leaky);
}
END_TEST

START_TEST(descriptors_are_closed_without_proc)
{
	int leaky = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC */
	posix_spawn_file_actions_t actions;

	if (unshare(CLONE_NEWNS) < 0)
		return; /* without privileges */
	ck_assert_int_eq(mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("none", "/proc", "tmpfs", 0, NULL), 0);
	ck_assert_int_ge(leaky, 3);
	ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
	ck_assert_int_eq(spawn_close_each(&actions, leaky), 0);
	ck_assert_int_eq(umount2("/proc", MNT_DETACH), 0);
	ck_assert_int_eq(lacks(leaky, &actions), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(leaky);
}
END_TEST

START_TEST(a_child_starts_with_a_clean_environment)
{
	static const char *const extra[] = {"VIGIL_A=new", "VIGIL_C=added", NULL};
	const char *argv[] = {"/bin/sh", "-c",
		"pwd; echo $VIGIL_A $VIGIL_B $VIGIL_C; readlink /proc/self/fd/0; "
		"test $(ps -o pgid= -p $$) -eq $$ && echo leads; echo gone >&2; "
		"grep -E 'Sig(Ign|Blk)' /proc/self/status; exec ls /proc/self/fd",
		NULL};
	struct spawn spawn = {.argv = argv, .environment = extra};
	unsigned long long blocked, ignored, libc = 0x180000000; /* 32 and 33 belong to libc */
	char rest[64] = "";
	sigset_t all;
	int leaky = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC */

	ck_assert_int_ge(leaky, 3);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	setenv("VIGIL_A", "old", 1);
	setenv("VIGIL_B", "kept", 1);
	ck_assert_int_eq(spawn_run(&spawn, clock_now() + 30 * CLOCK_SECOND, false, &result), 0);
	ck_assert_int_eq(
		sscanf(result.output,
			"/ new kept added /dev/null leads SigBlk: %llx SigIgn: %llx %63[0-9 \n]",
			&blocked, &ignored, rest),
		3);
	ck_assert_uint_eq(blocked, 0);
	ck_assert_uint_eq(ignored & ~libc, 0);
	ck_assert_str_eq(rest, "0\n1\n2\n3\n"); /* 3 is the directory that ls reads */
	close(leaky);
}
END_TEST

START_TEST(a_child_starts_while_low_descriptors_are_closed)
{
	int saved[3], i, err;

	for (i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		close(i);
	}
	err = run("echo out; echo err >&2; readlink /proc/self/fd/0", 30, false);
	for (i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	ck_assert_int_eq(err, 0);
	ck_assert_str_eq(result.output, "out\nerr\n/dev/null\n");
}
END_TEST

START_TEST(the_end_of_a_gigabyte_of_output_is_kept)
{
	ck_assert_int_eq(
		run("head -c 1073741824 /dev/zero | tr '\\0' 'x'; echo the end", 300, false), 0);
	ck_assert(!result.timed_out);
	ck_assert(result.truncated);
	ck_assert_uint_eq(result.length, sizeof(result.output) - 1);
	ck_assert_uint_eq(strlen(result.output), result.length);
	ck_assert_str_eq(result.output + result.length - 9, "xthe end\n");

	/* exactly as many bytes as fit */
	ck_assert_int_eq(run("printf %04095d 1", 30, false), 0);
	ck_assert(!result.truncated);
	ck_assert_uint_eq(result.length, 4095);
	ck_assert_int_eq(run("printf a; printf %04095d 1", 30, false), 0);
	ck_assert(result.truncated);
	ck_assert_uint_eq(result.length, 4095);
	ck_assert_int_eq(result.output[0], '0');
	ck_assert_int_eq(result.output[4094], '1');
}
END_TEST

START_TEST(the_deadline_ends_a_process_that_ignores_term)
{
	uint64_t began = clock_now();

	ck_assert_int_eq(run("trap '' TERM; echo begun; while :; do sleep 100; done", 1, false), 0);
	ck_assert(result.timed_out);
	ck_assert(WIFSIGNALED(result.status));
	ck_assert_int_eq(WTERMSIG(result.status), SIGKILL);
	ck_assert_str_eq(result.output, "begun\n");
	ck_assert_uint_ge(clock_now() - began, CLOCK_SECOND); /* one second between TERM and KILL */

	ck_assert_int_eq(run("trap 'echo tidied; exit 5' TERM; sleep 100 & wait", 1, false), 0);
	ck_assert(result.timed_out);
	ck_assert_int_eq(WEXITSTATUS(result.status), 5);
	ck_assert_str_eq(result.output, "tidied\n");

	ck_assert_int_eq(run("touch begun-too-late", -1, false), 0);
	ck_assert(result.timed_out);
	ck_assert(!scratch_has("begun-too-late"));
}
END_TEST

START_TEST(the_deadline_ends_the_whole_group)
{
	ck_assert_int_eq(run("(trap '' TERM; while :; do sleep 100; done) & echo $! >below; wait",
				 0.5, false),
		0);
	ck_assert(result.timed_out);
	ck_assert(dies(scratch_number("below")));
}
END_TEST

START_TEST(a_spared_group_loses_only_its_leader)
{
	pid_t below;

	ck_assert_int_eq(run("sleep 100 & echo $! >below; wait", 0.5, true), 0);
	ck_assert(result.timed_out);
	below = scratch_number("below");
	ck_assert_int_eq(kill(below, 0), 0);
	ck_assert_int_eq(kill(below, SIGKILL), 0);
	ck_assert(dies(below));
}
END_TEST

START_TEST(a_grandchild_with_open_stdout_is_not_waited_for)
{
	ck_assert_int_eq(run("sleep 1000 & echo $! >below; echo done", 60, false), 0);
	ck_assert(!result.timed_out);
	ck_assert_str_eq(result.output, "done\n");
	ck_assert(dies(scratch_number("below"))); /* and it is killed */

	/* nor if it continues to print */
	ck_assert_int_eq(run("yes & echo $! >yes; exit 3", 60, false), 0);
	ck_assert(!result.timed_out);
	ck_assert_int_eq(WEXITSTATUS(result.status), 3);
	ck_assert(dies(scratch_number("yes")));
}
END_TEST

START_TEST(a_service_survives_its_starter_with_open_stdout)
{
	pid_t below;
	/* It waits for the test, then prints much more than a pipe holds. */
	ck_assert_int_eq(run("mkfifo go; (read x <go; head -c 300000 /dev/zero; echo $? >survived; "
			     "exec sleep 1000) & echo $! >below",
				 60, true),
		0);
	ck_assert(!result.timed_out);
	below = scratch_number("below");
	close(open(scratch_path("go"), O_WRONLY));
	/* head could not write to the full pipe, but no process was killed or blocked. */
	ck_assert_int_eq(scratch_number("survived"), 1);
	ck_assert_int_eq(kill(below, 0), 0);
	kill(below, SIGKILL);
	ck_assert(dies(below));
}
END_TEST

START_TEST(a_child_can_be_started_for_the_loop)
{
	const char *argv[] = {"cat", NULL};
	struct spawn spawn = {.argv = argv};
	struct pollfd fd;
	int out, pidfd, status;
	char c;
	pid_t pid = spawn_start(&spawn, &out, NULL, &pidfd);

	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(fcntl(out, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	ck_assert(fcntl(out, F_GETFL) & O_NONBLOCK);
	fd = (struct pollfd){.fd = pidfd, .events = POLLIN};
	ck_assert_int_eq(poll(&fd, 1, 60000), 1); /* cat reads /dev/null and ends */
	ck_assert_int_eq(read(out, &c, 1), 0);    /* no other process has the pipe */
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(out);
	close(pidfd);

	spawn.argv = (const char *const[]){"sleep", "1000", NULL};
	pid = spawn_start(&spawn, &out, NULL, &pidfd);
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(spawn_kill(pid, SIGTERM), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WTERMSIG(status), SIGTERM);
	ck_assert_int_eq(spawn_kill(pid, SIGTERM), -ESRCH);
	close(out);
	close(pidfd);

	ck_assert_int_eq(spawn_kill(1, SIGTERM), -EINVAL);
	ck_assert_int_eq(spawn_kill(0, SIGTERM), -EINVAL);
	ck_assert_int_eq(spawn_kill(-1, SIGTERM), -EINVAL);
}
END_TEST

struct worker {
	pthread_t thread;
	const char *line;
	bool spare_group;
	int err;
	struct spawn_result result;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	const char *argv[] = {"/bin/sh", "-c", w->line, NULL};
	struct spawn spawn = {.argv = argv, .directory = scratch};

	w->err = spawn_run(&spawn, clock_now() + 300 * CLOCK_SECOND, w->spare_group, &w->result);
	return NULL;
}

/* Page faults of all children that were reaped: each child has some. */
static long count_faults(void)
{
	struct rusage usage;

	ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &usage), 0);
	return usage.ru_minflt;
}

START_TEST(without_descriptors_no_process_is_started)
{
	const char *argv[] = {"/bin/true", NULL};
	const struct spawn spawn = {.argv = argv};
	struct rlimit limit = {64, 64};
	int ends[2], pidfd, fd, refused = 0;
	pid_t pid = -EMFILE;
	long before;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) >= 0)
		;
	for (fd = 63; fd > 40 && pid == -EMFILE; fd--) {
		before = count_faults();
		pid = spawn_start_piped(&spawn, true, ends, &pidfd);
		if (pid == -EMFILE) {
			refused++;
			ck_assert_int_eq(count_faults(), before);
		}
		close(fd);
	}
	ck_assert_int_gt(refused, 1);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

START_TEST(a_cancel_ends_queries_and_lets_restarts_finish)
{
	struct worker w[] = {
		{.line = "trap '' TERM; echo $$ >one; while :; do sleep 100; done"},
		{.line = "echo $$ >two; exec sleep 1000"},
		{.line = "mkfifo go; echo $$ >three; read x <go; echo finished; exit 6",
			.spare_group = true},
	};
	pid_t one, two;
	size_t i;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	one = scratch_number("one");
	two = scratch_number("two");
	scratch_number("three");
	spawn_cancel();
	spawn_cancel();
	pthread_join(w[0].thread, NULL);
	pthread_join(w[1].thread, NULL);
	ck_assert_int_eq(w[0].err, -ECANCELED);
	ck_assert_int_eq(w[1].err, -ECANCELED);
	ck_assert(!w[0].result.timed_out);
	ck_assert(dies(one));
	ck_assert(dies(two));
	close(open(scratch_path("go"), O_WRONLY));
	pthread_join(w[2].thread, NULL);
	ck_assert_int_eq(w[2].err, 0);
	ck_assert_int_eq(WEXITSTATUS(w[2].result.status), 6);
	ck_assert_str_eq(w[2].result.output, "finished\n");

	ck_assert_int_eq(run("touch begun", 60, false), -ECANCELED);
	ck_assert_int_eq(run("touch begun", 60, true), -ECANCELED);
	ck_assert(!scratch_has("begun"));
}
END_TEST

/* When spawn_cancel_wait() returns, the processes have ended, whatever their threads do. */
START_TEST(a_cancel_waits_for_the_processes)
{
	struct worker w[] = {
		{.line = "trap '' TERM; echo $$ >one; while :; do sleep 100; done"},
		{.line = "echo $$ >two; exec sleep 1000"},
		{.line = "mkfifo go; echo $$ >three; read x <go; exit 6", .spare_group = true},
	};
	pid_t one, two, three;
	size_t i;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	one = scratch_number("one");
	two = scratch_number("two");
	three = scratch_number("three");
	spawn_cancel_wait();
	ck_assert_int_eq(kill(one, 0), -1);
	ck_assert_int_eq(kill(two, 0), -1);
	ck_assert_int_eq(kill(three, 0), 0);
	close(open(scratch_path("go"), O_WRONLY));
	for (i = 0; i < 3; i++)
		pthread_join(w[i].thread, NULL);
	ck_assert_int_eq(WEXITSTATUS(w[2].result.status), 6);
	spawn_cancel_wait(); /* there are no processes */
}
END_TEST

START_TEST(many_children_at_once_leak_no_descriptors)
{
	struct worker w[8];
	size_t i, round;
	int before = dup(0), after;

	close(before);
	for (round = 0; round < 25; round++) {
		for (i = 0; i < 8; i++) {
			w[i] = (struct worker){
				.line = "exec ls /proc/self/fd", .spare_group = i % 2};
			ck_assert_int_eq(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
		}
		for (i = 0; i < 8; i++) {
			pthread_join(w[i].thread, NULL);
			ck_assert_int_eq(w[i].err, 0);
			ck_assert_str_eq(w[i].result.output, "0\n1\n2\n3\n");
		}
	}
	after = dup(0);
	close(after);
	ck_assert_int_le(after, before + 1); /* the eventfd remains open */
}
END_TEST

SUITE("spawn", scratch_setup, scratch_teardown)
{
	TIMEOUT(300);
	TEST(the_output_and_the_exit_status_are_returned);
	TEST(a_start_that_fails_returns_the_error);
	TEST(descriptors_are_closed_one_by_one_for_old_libraries);
	TEST(descriptors_are_closed_without_proc);
	TEST(a_child_starts_with_a_clean_environment);
	TEST(a_child_starts_while_low_descriptors_are_closed);
	TEST(the_end_of_a_gigabyte_of_output_is_kept);
	TEST(the_deadline_ends_a_process_that_ignores_term);
	TEST(the_deadline_ends_the_whole_group);
	TEST(a_spared_group_loses_only_its_leader);
	TEST(a_grandchild_with_open_stdout_is_not_waited_for);
	TEST(a_service_survives_its_starter_with_open_stdout);
	TEST(a_child_can_be_started_for_the_loop);
	TEST(without_descriptors_no_process_is_started);
	TEST(a_cancel_ends_queries_and_lets_restarts_finish);
	TEST(a_cancel_waits_for_the_processes);
	TEST(many_children_at_once_leak_no_descriptors);
}
