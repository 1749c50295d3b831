/*
 * check_callback_limit: a loop that hangs ends the process, and the next start knows the daemon.
 * Each process that shall end is a child of the test.
 */
#include "persist/callback_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/client.h"
#include "client/client_hang.h"
#include "fixture_loop.h"
#include "persist/crash_marker.h"
#include "scratch.h"
#include "suite.h"

#define LIMIT 0.3

static int out[2]; /* stderr of the child */
static struct loop *loop;

static void setup(void)
{
	scratch_setup();
	ck_assert_int_eq(pipe(out), 0);
}

/* Runs the function in a child with a crash marker and a loop.  Returns its pid. */
static pid_t run_child(void (*what)(void))
{
	struct crash before;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	signal(SIGABRT, SIG_DFL); /* the test framework may have set a handler */
	dup2(out[1], STDERR_FILENO);
	loop = loop_new();
	if (crash_marker_open(scratch, &before) != 0 || callback_limit_set(loop, LIMIT) != 0)
		_exit(98);
	what();
	_exit(0);
}

static int end_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void hang(uint64_t missed, void *arg)
{
	crash_marker_enter("stuck", clock_now());
	for (;;)
		;
}

static void hang_in_a_callback(void)
{
	loop_after(loop, 0, hang, NULL);
	loop_run(loop);
}

START_TEST(a_callback_that_does_not_return_ends_the_process)
{
	static const char expected[] =
		"vigild: a callback of the daemon stuck has not returned for 0.3 s (callback_max); "
		"vigild aborts, so that it is started again\n";
	struct crash before;
	char text[256] = "";
	int status = end_of(run_child(hang_in_a_callback));

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
	ck_assert_int_gt(read(out[0], text, sizeof(text) - 1), 0);
	/* an emulator adds a line of its own */
	ck_assert_int_eq(strncmp(text, expected, strlen(expected)), 0);
	ck_assert_int_eq(crash_marker_open(scratch, &before), 0);
	ck_assert(!before.clean);
	ck_assert_str_eq(before.name, "stuck");
	ck_assert_int_eq(before.signo, CRASH_MARKER_HANG);
	crash_marker_close();
}
END_TEST

/* Longer than the limit and the second after it, but no callback takes long. */
static void be_busy(void)
{
	uint64_t end = clock_now() + 2 * CLOCK_SECOND;

	while (clock_now() < end) {
		crash_marker_enter("quick", clock_now());
		crash_marker_leave();
	}
}

static void be_idle(void)
{
	run_for(loop, 2 * CLOCK_SECOND);
}

static void be_without_limit(void)
{
	uint64_t end = clock_now() + 2 * CLOCK_SECOND;

	if (callback_limit_set(loop, 0) != 0)
		_exit(97);
	while (clock_now() < end)
		;
}

static void (*const fine[])(void) = {be_busy, be_idle, be_without_limit};

START_TEST(a_loop_that_works_or_has_no_work_is_not_ended)
{
	ck_assert_int_eq(end_of(run_child(fine[_i])), 0);
}
END_TEST

static void say(uint64_t missed, void *arg)
{
	(void)!write(STDERR_FILENO, "x", 1);
}

static void be_idle_and_say(void)
{
	loop_after(loop, 0, say, NULL);
	be_idle();
}

/* Whether a signal waits for the thread of the loop, which is the only one. */
static bool has_pending_signal(pid_t pid)
{
	char path[64], line[128];
	unsigned long long pending = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "SigPnd: %llx", &pending);
	fclose(file);
	return pending != 0;
}

START_TEST(a_stopped_process_is_not_ended_when_it_continues)
{
	pid_t pid = run_child(be_idle_and_say);
	char said;
	int status;

	ck_assert_int_eq(read(out[0], &said, 1), 1); /* the loop runs, with the limit */
	ck_assert_int_eq(said, 'x');
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	while (!has_pending_signal(pid)) /* until the timer of the kernel has expired */
		usleep(10000);
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	ck_assert_int_eq(end_of(pid), 0);
}
END_TEST

static void hang_and_say(void)
{
	crash_marker_enter("stuck", clock_now());
	(void)!write(STDERR_FILENO, "x", 1);
	pause();
}

START_TEST(another_process_can_read_which_callback_runs)
{
	pid_t pid = run_child(hang_and_say);
	char name[CRASH_MARKER_NAME], first;
	double seconds = -1;
	int fd;

	ck_assert_int_eq(read(out[0], &first, 1), 1);
	fd = open(scratch_path(CRASH_MARKER_FILE), O_RDONLY);
	ck_assert(crash_marker_peek(fd, name, &seconds));
	ck_assert_str_eq(name, "stuck");
	ck_assert(seconds >= 0);
	close(fd);
	kill(pid, SIGKILL);
	end_of(pid);
}
END_TEST

/* The peer of this socket is the test itself, which has a crash marker. */
START_TEST(a_client_that_waits_in_vain_names_the_daemon)
{
	struct crash before;
	struct client *client;
	char text[256], expected[128];
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	client = client_adopt(ends[0]);
	ck_assert_int_eq(crash_marker_open(scratch, &before), 0);
	ck_assert_str_eq(
		client_hang_error(client, ETIMEDOUT, text, sizeof(text)), client_error(ETIMEDOUT));
	crash_marker_enter("stuck", clock_now());
	client_hang_error(client, ETIMEDOUT, text, sizeof(text));
	snprintf(expected, sizeof(expected),
		"; vigild (pid %ld) has been in a callback of the daemon stuck for 0 s",
		(long)getpid());
	ck_assert_msg(strstr(text, expected) != NULL, "%s", text);
	client_hang_error(client, EPIPE, text, sizeof(text));
	ck_assert_str_eq(text, client_error(EPIPE));
	crash_marker_close();
	client_close(client);
	close(ends[1]);
}
END_TEST

SUITE("callback_limit", setup, scratch_teardown)
{
	TEST(a_callback_that_does_not_return_ends_the_process);
	LOOP_TEST(a_loop_that_works_or_has_no_work_is_not_ended, COUNT(fine));
	TEST(a_stopped_process_is_not_ended_when_it_continues);
	TEST(another_process_can_read_which_callback_runs);
	TEST(a_client_that_waits_in_vain_names_the_daemon);
}
