/*
 * check_child: child processes on the loop: their output, their exit, and that no process or
 * descriptor is left.
 */
#include "fixture_child.h"

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
	ck_assert_uint_gt(beats, 1); /* of 150, on a machine that may be busy */
	ck_assert_uint_gt(seen.lines, 1000);
	/* At two bytes a line, vigild reads 64 KiB in a tenth of a second. The limit is twice that,
	 * and without a pause hundreds of megabytes would come through the pipe. */
	ck_assert_uint_lt(seen.lines, (unsigned)(32768 * (seen.e.seconds + 0.2) * 20));
	loop_timer_free(timer);
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
	TEST(a_child_runs_as_another_user);
	TEST(a_child_runs_as_the_present_user);
	TEST(a_user_that_cannot_be_used_is_refused);
}
