/*
 * check_child: child processes on the loop: their output, their exit, and that no process or
 * descriptor is left.
 */
#include "process/child.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "children.h"
#include "scratch.h"
#include "process/run_as.h"
#include "suite.h"

#define LIMIT (60 * CLOCK_SECOND) /* no test comes near it */

static struct loop *loop;
static struct loop_timer *limit;
static int descriptors;

static struct {
	unsigned exits, lines, stop_after; /* the loop stops after `stop_after` exits */
	vigil_child_exit e;
	char output[128 * 1024];
	char line[3][128 * 1024];
	bool end_at_line, free_at_line, free_at_exit;
	pid_t said; /* the number on the last line */
} seen;

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void on_limit(uint64_t missed, void *arg)
{
	ck_abort_msg("the loop was not stopped in time");
}

static void setup(void)
{
	scratch_setup();
	memset(&seen, 0, sizeof(seen));
	seen.stop_after = 1;
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
	limit = loop_after(loop, LIMIT, on_limit, NULL);
	ck_assert_ptr_nonnull(limit);
	loop_timer_free(loop_after(loop, 0, on_limit, NULL));
	descriptors = count_descriptors();
}

/* No test may leave a descriptor or a child process behind, running or zombie. */
static void teardown(void)
{
	ck_assert_int_eq(count_descriptors(), descriptors);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	loop_timer_free(limit);
	loop_free(loop);
	scratch_teardown();
}

static void on_exit_told(struct child *child, const vigil_child_exit *e, void *arg)
{
	ck_assert_ptr_eq(arg, &seen);
	seen.e = *e;
	ck_assert_uint_lt(e->length, sizeof(seen.output));
	ck_assert_uint_eq(strlen(e->output), e->length);
	memcpy(seen.output, e->output, e->length + 1);
	seen.e.output = seen.output;
	if (seen.free_at_exit)
		child_free(child);
	if (++seen.exits == seen.stop_after)
		loop_stop(loop);
}

static void on_line(struct child *child, const char *line, size_t length, void *arg)
{
	ck_assert_ptr_eq(arg, &seen);
	ck_assert_uint_eq(strlen(line), length);
	ck_assert_uint_eq(seen.exits, 0);
	if (seen.lines < 3)
		memcpy(seen.line[seen.lines], line, length + 1);
	seen.lines++;
	seen.said = (pid_t)strtol(line, NULL, 10);
	if (seen.end_at_line)
		child_terminate(child);
	if (seen.free_at_line) {
		child_free(child);
		loop_stop(loop);
	}
}

static struct child *start(const char *script, double timeout, size_t max, bool lines)
{
	const char *argv[] = {"/bin/sh", "-c", script, NULL};
	const struct child_spec spec = {
		.spawn = {.argv = argv, .directory = scratch, .merge_stderr = true},
		.timeout = clock_from_seconds(timeout),
		.output_max = max,
		.on_line = lines ? on_line : NULL,
		.on_exit = on_exit_told,
		.arg = &seen};
	struct child *child = NULL;

	ck_assert_int_eq(child_start(loop, &spec, &child), 0);
	ck_assert_ptr_nonnull(child);
	ck_assert_int_gt(child_pid(child), 1);
	return child;
}

static void run(const char *script, double timeout, size_t max, bool lines)
{
	struct child *child = start(script, timeout, max, lines);
	pid_t pid = child_pid(child);

	ck_assert_uint_eq(seen.exits, 0); /* never inside the call */
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(seen.exits, 1);
	ck_assert_int_eq(seen.e.pid, pid);
	ck_assert_int_eq(child_pid(child), pid);
	child_free(child);
}

static void stop_loop(void *arg)
{
	++*(unsigned *)arg;
	loop_stop(loop);
}

/* Waits until the detached children have ended. */
static void drain(void)
{
	unsigned done = 0;

	ck_assert_int_eq(child_drain(loop, stop_loop, &done), 0);
	ck_assert_uint_eq(done, 0);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(done, 1);
}

/* --- exit ------------------------------------------------------------------------------------- */

START_TEST(the_output_and_the_exit_status_are_reported)
{
	run("echo out; echo err >&2; pwd; exit 7", 30, 0, false);
	ck_assert(WIFEXITED(seen.e.status));
	ck_assert_int_eq(WEXITSTATUS(seen.e.status), 7);
	ck_assert_uint_gt(seen.e.length, 8);
	ck_assert_int_eq(strncmp(seen.output, "out\nerr\n/", 9), 0);
	ck_assert_ptr_nonnull(strstr(seen.output, scratch));
	ck_assert(!seen.e.timed_out);
	ck_assert(!seen.e.truncated);
	ck_assert(seen.e.seconds > 0 && seen.e.seconds < 60);
}
END_TEST

START_TEST(no_output_is_an_empty_text)
{
	run("exit 0", 0, 0, false);
	ck_assert_int_eq(seen.e.status, 0);
	ck_assert_str_eq(seen.output, "");
	ck_assert_uint_eq(seen.e.length, 0);
}
END_TEST

START_TEST(the_signal_that_ended_a_child_is_reported)
{
	run("kill -SEGV $$", 30, 0, false);
	ck_assert(WIFSIGNALED(seen.e.status));
	ck_assert_int_eq(WTERMSIG(seen.e.status), SIGSEGV);
	ck_assert(!seen.e.timed_out);
}
END_TEST

START_TEST(a_start_that_fails_returns_the_error)
{
	const char *argv[] = {NULL, NULL};
	struct child_spec spec = {.spawn = {.argv = argv}, .on_exit = on_exit_told, .arg = &seen};
	struct child *child = NULL;

	ck_assert_int_eq(child_start(loop, &spec, &child), -EINVAL);
	argv[0] = scratch_path("missing");
	ck_assert_int_eq(child_start(loop, &spec, &child), -ENOENT);
	argv[0] = scratch_put("plain", 0644, "#!/bin/sh\nexit 0\n");
	ck_assert_int_eq(child_start(loop, &spec, &child), -EACCES);
	argv[0] = scratch_put("nothing", 0755, "exit 0\n");
	ck_assert_int_eq(child_start(loop, &spec, &child), -ENOEXEC);
	argv[0] = "/bin/true";
	spec.spawn.directory = scratch_path("nowhere");
	ck_assert_int_eq(child_start(loop, &spec, &child), -ENOENT);
	spec.on_exit = NULL;
	ck_assert_int_eq(child_start(loop, &spec, &child), -EINVAL);
	ck_assert_ptr_null(child);
	drain(); /* one turn of the loop */
	ck_assert_uint_eq(seen.exits, 0);
}
END_TEST

START_TEST(a_deadline_ends_the_whole_group)
{
	run("sleep 1000 & echo $!; wait", 0.5, 0, false);
	ck_assert(seen.e.timed_out);
	ck_assert(WIFSIGNALED(seen.e.status));
	ck_assert_int_eq(WTERMSIG(seen.e.status), SIGTERM);
	ck_assert(dies((pid_t)strtol(seen.output, NULL, 10)));
}
END_TEST

START_TEST(a_child_that_ignores_term_is_killed)
{
	seen.end_at_line = true;
	run("trap '' TERM; sleep 1000 & echo $!; while :; do wait; done", 0, 0, true);
	ck_assert(!seen.e.timed_out);
	ck_assert(WIFSIGNALED(seen.e.status));
	ck_assert_int_eq(WTERMSIG(seen.e.status), SIGKILL);
	ck_assert(seen.e.seconds > 1);
	ck_assert(dies(seen.said));
}
END_TEST

START_TEST(processes_that_a_child_leaves_behind_are_not_waited_for)
{
	pid_t left;

	run("sleep 1000 & echo $!", 0, 0, false);
	ck_assert_int_eq(seen.e.status, 0);
	left = (pid_t)strtol(seen.output, NULL, 10);
	ck_assert_int_gt(left, 1);
	ck_assert_int_eq(kill(left, 0), 0); /* nothing has ended it */
	kill(left, SIGKILL);
}
END_TEST

START_TEST(the_rest_of_a_group_that_was_terminated_is_killed)
{
	seen.end_at_line = true;
	run("(trap '' TERM; echo ready >ready; exec sleep 1000) & "
	    "while [ ! -e ready ]; do sleep 0.01; done; echo $!; wait",
		0, 0, true);
	ck_assert_int_eq(WTERMSIG(seen.e.status), SIGTERM);
	ck_assert(dies(seen.said));
}
END_TEST

START_TEST(a_child_that_closes_its_output_continues)
{
	run("echo before; exec >&- 2>&-; sleep 0.3; exit 5", 30, 0, false);
	ck_assert_int_eq(WEXITSTATUS(seen.e.status), 5);
	ck_assert_str_eq(seen.output, "before\n");
}
END_TEST

/* --- output ----------------------------------------------------------------------------------- */

START_TEST(lines_are_reported_one_by_one)
{
	run("printf 'one\\n\\nla'; printf st", 30, 0, true);
	ck_assert_uint_eq(seen.lines, 3);
	ck_assert_str_eq(seen.line[0], "one");
	ck_assert_str_eq(seen.line[1], "");
	ck_assert_str_eq(seen.line[2], "last");
	ck_assert_str_eq(seen.output, "");
	ck_assert(!seen.e.truncated);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_cut_and_the_next_is_complete)
{
	run("printf '%0100d\\nwhole\\n%0200d' 0 0", 30, 64, true);
	ck_assert_uint_eq(seen.lines, 3);
	ck_assert_uint_eq(strlen(seen.line[0]), 64);
	ck_assert_str_eq(seen.line[1], "whole");
	ck_assert_uint_eq(strlen(seen.line[2]), 64);
	ck_assert(seen.e.truncated);
}
END_TEST

START_TEST(output_is_limited)
{
	run("head -c 300000 /dev/zero | tr '\\0' x", 30, 0, false);
	ck_assert_int_eq(seen.e.status, 0); /* the child could write all its output */
	ck_assert_uint_eq(seen.e.length, CHILD_OUTPUT);
	ck_assert(seen.e.truncated);
	memset(&seen, 0, sizeof(seen));
	seen.stop_after = 1;
	run("head -c 65536 /dev/zero | tr '\\0' x", 30, 0, false);
	ck_assert_uint_eq(seen.e.length, CHILD_OUTPUT);
	ck_assert(!seen.e.truncated);
}
END_TEST

static void on_beat(uint64_t missed, void *arg)
{
	++*(unsigned *)arg;
}

START_TEST(a_flood_of_output_leaves_time_for_others_and_is_slowed_down)
{
	unsigned beats = 0;
	struct loop_timer *timer = loop_every(loop, 20 * CLOCK_MS, 0, on_beat, &beats);

	run("exec yes", 3, 0, true);
	ck_assert(seen.e.timed_out);
	ck_assert_uint_gt(beats, 3); /* of 150, on a machine that may be busy */
	ck_assert_uint_gt(seen.lines, 1000);
	/* At two bytes a line, vigild reads 64 KiB in a tenth of a second. The limit is twice that,
	 * and without a pause hundreds of megabytes would come through the pipe. */
	ck_assert_uint_lt(seen.lines, (unsigned)(32768 * (seen.e.seconds + 0.2) * 20));
	loop_timer_free(timer);
}
END_TEST

/* --- freeing ---------------------------------------------------------------------------------- */

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

/* --- as another user -------------------------------------------------------------------------- */

static void run_as(const char *name, const char *script, const char *const *environment)
{
	const char *argv[] = {"/bin/sh", "-c", script, NULL};
	struct child_spec spec = {.spawn = {.argv = argv, .environment = environment},
		.on_exit = on_exit_told,
		.arg = &seen};
	struct run_as *user = NULL;
	struct child *child;

	ck_assert_int_eq(run_as_find(name, &user), 0);
	spec.user = user;
	ck_assert_int_eq(child_start(loop, &spec, &child), 0);
	run_as_free(user); /* needed only for the call */
	ck_assert_int_eq(loop_run(loop), 0);
	child_free(child);
}

START_TEST(a_child_runs_as_another_user)
{
	const char *const environment[] = {"HOME=/elsewhere", "GREETING=hello", NULL};
	const struct passwd *nobody = getpwnam("nobody");
	char expected[256];

	if (geteuid() != 0 || nobody == NULL)
		return; /* only root can change the user */
	snprintf(expected, sizeof(expected), "%u %u %u nobody nobody /elsewhere hello",
		(unsigned)nobody->pw_uid, (unsigned)nobody->pw_gid, (unsigned)nobody->pw_gid);
	run_as("nobody", "echo $(id -u) $(id -g) $(id -G) $USER $LOGNAME $HOME $GREETING",
		environment);
	ck_assert_int_eq(seen.e.status, 0);
	seen.output[strcspn(seen.output, "\n")] = '\0';
	ck_assert_str_eq(seen.output, expected);
}
END_TEST

START_TEST(a_child_runs_as_the_present_user)
{
	const struct passwd *self = getpwuid(geteuid());

	if (self == NULL)
		return; /* a uid without a name */
	run_as(self->pw_name, "id -u", NULL);
	ck_assert_int_eq((uid_t)strtol(seen.output, NULL, 10), geteuid());
}
END_TEST

START_TEST(a_user_that_cannot_be_used_is_refused)
{
	struct run_as *user = NULL;

	ck_assert_int_eq(run_as_find("no-such-user", &user), -ENOENT);
	ck_assert_ptr_null(user);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(run_as_find("root", &user), -EPERM);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_ptr_null(user);
	run_as_free(NULL);
}
END_TEST

SUITE("child", setup, teardown)
{
	TIMEOUT(120);
	TEST(the_output_and_the_exit_status_are_reported);
	TEST(no_output_is_an_empty_text);
	TEST(the_signal_that_ended_a_child_is_reported);
	TEST(a_start_that_fails_returns_the_error);
	TEST(a_deadline_ends_the_whole_group);
	TEST(a_child_that_ignores_term_is_killed);
	TEST(processes_that_a_child_leaves_behind_are_not_waited_for);
	TEST(the_rest_of_a_group_that_was_terminated_is_killed);
	TEST(a_child_that_closes_its_output_continues);
	TEST(lines_are_reported_one_by_one);
	TEST(a_line_that_is_too_long_is_cut_and_the_next_is_complete);
	TEST(output_is_limited);
	TEST(a_flood_of_output_leaves_time_for_others_and_is_slowed_down);
	TEST(a_child_may_be_freed_in_its_exit_callback);
	TEST(a_child_may_be_freed_while_it_runs);
	TEST(a_child_freed_in_its_line_callback_that_ignores_term_is_killed);
	TEST(a_child_may_be_freed_in_the_callback_of_its_last_line);
	TEST(detached_children_are_killed_when_the_loop_does_not_run);
	TEST(child_terminate_all_ends_all_children);
	TEST(fifty_children_run_at_once);
	TEST(a_child_runs_as_another_user);
	TEST(a_child_runs_as_the_present_user);
	TEST(a_user_that_cannot_be_used_is_refused);
}
