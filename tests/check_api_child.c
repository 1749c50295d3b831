/*
 * check_api_child: vigil_spawn in a daemon: the exit is reported once, invalid requests are refused
 * with a reason, and children end with their daemon.
 */
#include <vigil/vigil.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "process/child.h"
#include "process/process.h"
#include "loop/loop.h"
#include "scratch.h"
#include "state/state.h"
#include "suite.h"

static struct environment environment;
static struct vigil_daemon *d;
static int (*in_start)(vigil_daemon *d);

static struct {
	unsigned exits, lines;
	vigil_child *child;
	vigil_child_exit e;
	char output[256], errors[256];
	pid_t left;
	bool again; /* on_exit starts another child */
} seen;

static int start(vigil_daemon *daemon)
{
	return in_start != NULL ? in_start(daemon) : 0;
}

static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.start = start};

static void setup(void)
{
	scratch_setup();
	memset(&seen, 0, sizeof(seen));
	ck_assert_int_eq(log_open(scratch_path("log"), LEVEL_DEBUG), 0);
	in_start = NULL;
	environment.loop = loop_new();
	environment.state = state_new();
	ck_assert_ptr_nonnull(environment.loop);
	ck_assert_ptr_nonnull(environment.state);
	d = daemon_new(&environment, "test", "test", &module, NULL);
}

static void teardown(void)
{
	daemon_free(d);
	child_kill_detached();
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	log_close();
	state_free(environment.state);
	loop_free(environment.loop);
	scratch_teardown();
}

static vigil_child *spawn(const char *script);

static void on_exit_told(
	vigil_daemon *daemon, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	ck_assert_ptr_eq(daemon, d);
	ck_assert_ptr_eq(child, seen.child);
	ck_assert_int_eq(vigil_child_pid(child), e->pid);
	vigil_child_terminate(child); /* too late, and harmless */
	seen.exits++;
	seen.e = *e;
	snprintf(seen.output, sizeof(seen.output), "%s", e->output);
	if (seen.again) {
		seen.again = false;
		seen.child = spawn("echo second");
		ck_assert_ptr_nonnull(seen.child);
		return;
	}
	loop_stop(environment.loop);
}

static void on_line(
	vigil_daemon *daemon, vigil_child *child, const char *line, size_t length, void *arg)
{
	ck_assert_ptr_eq(daemon, d);
	ck_assert_str_eq(line, "ready");
	seen.lines++;
	vigil_child_terminate(child);
}

static vigil_child_spec spec_of(const char *script)
{
	static const char *argv[4] = {"/bin/sh", "-c"};

	argv[2] = script;
	return (vigil_child_spec){.size = sizeof(vigil_child_spec),
		.argv = argv,
		.directory = scratch,
		.on_exit = on_exit_told};
}

static vigil_child *spawn(const char *script)
{
	const vigil_child_spec spec = spec_of(script);

	return vigil_spawn(d, &spec);
}

static void on_limit(uint64_t missed, void *arg)
{
	ck_abort_msg("the loop was not stopped in time");
}

static void run_loop(void)
{
	struct loop_timer *limit = loop_after(environment.loop, 60 * CLOCK_SECOND, on_limit, NULL);

	ck_assert_ptr_nonnull(limit);
	ck_assert_int_eq(loop_run(environment.loop), 0);
	loop_timer_free(limit);
}

START_TEST(the_exit_is_reported_once_with_the_output)
{
	ck_assert_int_eq(daemon_start(d), 0);
	seen.again = true;
	seen.child = spawn("echo first; exit 3");
	ck_assert_ptr_nonnull(seen.child);
	ck_assert_uint_eq(seen.exits, 0);
	run_loop();
	ck_assert_uint_eq(seen.exits, 2);
	ck_assert_str_eq(seen.output, "second\n");
	ck_assert_int_eq(seen.e.status, 0);
}
END_TEST

START_TEST(a_child_ends_when_the_daemon_terminates_it)
{
	vigil_child_spec spec = spec_of("echo ready; exec sleep 1000");

	ck_assert_int_eq(daemon_start(d), 0);
	spec.on_line = on_line;
	seen.child = vigil_spawn(d, &spec);
	run_loop();
	ck_assert_uint_eq(seen.lines, 1);
	ck_assert_uint_eq(seen.exits, 1);
	ck_assert_int_eq(WTERMSIG(seen.e.status), SIGTERM);
	ck_assert(!seen.e.timed_out);
}
END_TEST

START_TEST(an_older_module_has_a_shorter_spec)
{
	vigil_child_spec spec = spec_of("echo error >&2");

	ck_assert_int_eq(daemon_start(d), 0);
	spec.merge_stderr = true;
	spec.size = offsetof(vigil_child_spec, merge_stderr);
	seen.child = vigil_spawn(d, &spec);
	ck_assert_ptr_nonnull(seen.child);
	run_loop();
	ck_assert_str_eq(seen.output, ""); /* an older module did not ask for the newer fields */
}
END_TEST

/* The input is larger than a pipe, and the child reads it slowly or not at all. */
START_TEST(a_child_reads_its_input)
{
	const size_t length = 1024 * 1024;
	char *input = malloc(length);
	vigil_child_spec spec = spec_of("sleep 0.05; read word; echo $word; cat | wc -c");

	ck_assert_int_eq(daemon_start(d), 0);
	memset(input, 'x', length);
	memcpy(input, "first\n", 6);
	spec.input = input;
	spec.input_length = length;
	seen.child = vigil_spawn(d, &spec);
	ck_assert_ptr_nonnull(seen.child);
	memset(input, 'y', length); /* vigil_spawn has copied it */
	free(input);
	run_loop();
	ck_assert_str_eq(seen.output, "first\n1048570\n");
	spec.input = "";
	spec.input_length = 0;
	spec.argv = (const char *const[]){"wc", "-c", NULL};
	seen.child = vigil_spawn(d, &spec);
	run_loop();
	ck_assert_str_eq(seen.output, "0\n");
}
END_TEST

START_TEST(invalid_specs_are_refused)
{
	const char *none[] = {NULL}, *wrong[] = {"A=1", "novalue", NULL};
	vigil_child_spec spec = spec_of("exit 0");

	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_ptr_null(vigil_spawn(d, NULL));
	ck_assert_int_eq(errno, EINVAL);
#define REFUSED(change)                                    \
	do {                                               \
		spec = spec_of("exit 0");                  \
		change;                                    \
		errno = 0;                                 \
		ck_assert_ptr_null(vigil_spawn(d, &spec)); \
		ck_assert_int_eq(errno, EINVAL);           \
	} while (0)
	REFUSED(spec.size = 0);
	REFUSED(spec.argv = NULL);
	REFUSED(spec.argv = none);
	REFUSED(spec.on_exit = NULL);
	REFUSED(spec.timeout = -1);
	REFUSED(spec.timeout = 1e12);
	REFUSED(spec.output_max = SIZE_MAX);
	REFUSED(spec.environment = wrong);
	REFUSED(spec.input_length = 1);
	ck_assert_ptr_null(vigil_spawn(d, &(vigil_child_spec){.size = sizeof(size_t)}));
	ck_assert_int_eq(vigil_child_pid(NULL), 0);
	vigil_child_terminate(NULL);
}
END_TEST

START_TEST(a_start_that_fails_sets_errno)
{
	vigil_child_spec spec = spec_of("exit 0");
	const char *missing[] = {scratch_path("missing"), NULL};

	ck_assert_int_eq(daemon_start(d), 0);
	spec.argv = missing;
	ck_assert_ptr_null(vigil_spawn(d, &spec));
	ck_assert_int_eq(errno, ENOENT);
	spec = spec_of("exit 0");
	for (int i = 0; i < 2; i++) { /* an unknown user is looked up again */
		spec.user = "no-such-user";
		ck_assert_ptr_null(vigil_spawn(d, &spec));
		ck_assert_int_eq(errno, ENOENT);
	}
	ck_assert_int_eq(daemon_status(d), DAEMON_RUNNING);
}
END_TEST

static int start_missing(vigil_daemon *daemon)
{
	const char *missing[] = {"/no/such/program", NULL};
	vigil_child_spec spec = spec_of("exit 0");

	ck_assert_ptr_nonnull(spawn("exec sleep 1000")); /* it ends because the start fails */
	spec.argv = missing;
	vigil_spawn(daemon, &spec);
	return 0; /* it ignores the error of vigil_spawn */
}

START_TEST(a_daemon_whose_child_cannot_be_started_has_failed)
{
	in_start = start_missing;
	ck_assert_int_ne(daemon_start(d), 0);
	ck_assert_int_eq(daemon_status(d), DAEMON_FAILED);
	ck_assert_str_eq(
		daemon_reason(d), "cannot start \"/no/such/program\": No such file or directory");
}
END_TEST

static void on_errors(vigil_daemon *daemon, vigil_child *child, const char *errors, void *arg)
{
	ck_assert_ptr_eq(daemon, d);
	ck_assert_ptr_eq(child, seen.child);
	snprintf(seen.errors, sizeof(seen.errors), "%s", errors);
	vigil_child_terminate(child);
}

static void on_drained(void *arg)
{
	loop_stop(environment.loop);
}

static void on_line_stop(
	vigil_daemon *daemon, vigil_child *child, const char *line, size_t length, void *arg)
{
	loop_stop(environment.loop);
}

START_TEST(stderr_is_reported_while_the_child_runs)
{
	vigil_child_spec spec = spec_of("echo one >&2; echo two >&2; exec sleep 1000");

	ck_assert_int_eq(daemon_start(d), 0);
	spec.keep_stderr = true;
	spec.on_errors = on_errors;
	seen.child = vigil_spawn(d, &spec);
	run_loop();
	ck_assert_str_eq(seen.errors, "one\ntwo\n");
	ck_assert_int_eq(WTERMSIG(seen.e.status), SIGTERM);
}
END_TEST

START_TEST(stderr_is_not_reported_after_the_daemon_has_stopped)
{
	vigil_child_spec spec = spec_of("echo one >&2; echo ready; exec sleep 1000");

	ck_assert_int_eq(daemon_start(d), 0);
	spec.keep_stderr = true;
	spec.on_errors = on_errors;
	spec.on_line = on_line_stop;
	seen.child = vigil_spawn(d, &spec);
	run_loop();
	daemon_stop(d);
	child_drain(environment.loop, on_drained, NULL);
	run_loop();
	ck_assert_str_eq(seen.errors, "");
}
END_TEST

static void on_end(vigil_daemon *daemon, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	seen.exits++;
}

static void on_left(vigil_daemon *daemon, const vigil_left_behind *left, void *arg)
{
	ck_assert_uint_eq(seen.exits, 1);
	seen.left = left->pid;
	ck_assert_uint_eq(left->count, 1);
	ck_assert_str_eq(left->name, "sleep");
	loop_stop(environment.loop);
}

/* The process does what daemon(3) does: it begins a session and closes its descriptors. */
START_TEST(a_process_that_goes_into_the_background_is_killed_and_reported)
{
	vigil_child_spec spec = spec_of(
		"setsid sh -c 'echo $$ >new; mv new pid; exec sleep 1000' </dev/null >/dev/null "
		"2>&1 & while [ ! -e pid ]; do sleep 0.01; done");
	char text[32] = "";
	FILE *file;

	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(vigil_on_left_behind(d, NULL, NULL), -EINVAL);
	ck_assert_int_eq(vigil_on_left_behind(d, on_left, NULL), 0);
	spec.end_session = true;
	spec.on_exit = on_end;
	ck_assert_ptr_nonnull(vigil_spawn(d, &spec));
	run_loop();
	file = fopen(scratch_path("pid"), "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
	fclose(file);
	ck_assert_int_eq(seen.left, atoi(text));
	while (process_lives(seen.left))
		loop_run_once(environment.loop, false);
}
END_TEST

START_TEST(children_end_with_their_daemon)
{
	pid_t pids[5];

	ck_assert_int_eq(daemon_start(d), 0);
	for (int i = 0; i < 5; i++)
		pids[i] = vigil_child_pid(spawn("exec sleep 1000"));
	daemon_stop(d);
	child_drain(environment.loop, on_drained, NULL);
	run_loop();
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(kill(pids[i], 0), -1);
	ck_assert_uint_eq(seen.exits, 0); /* no callback after the stop */
	/* The daemon can start a child again. */
	ck_assert_int_eq(daemon_start(d), 0);
	seen.child = spawn("echo again");
	run_loop();
	ck_assert_str_eq(seen.output, "again\n");
}
END_TEST

START_TEST(a_user_is_looked_up_once_for_each_daemon)
{
	vigil_child_spec spec = spec_of("id -un");

	ck_assert_int_eq(daemon_start(d), 0);
	if (geteuid() != 0)
		return; /* only root can change the user */
	spec.user = "nobody";
	spec.directory = NULL;
	for (int i = 0; i < 2; i++) {
		seen.child = vigil_spawn(d, &spec);
		ck_assert_ptr_nonnull(seen.child);
		run_loop();
		ck_assert_str_eq(seen.output, "nobody\n");
	}
}
END_TEST

START_TEST(a_helper_program_has_an_absolute_path)
{
	char path[4096], small[4];
	const char *end;

	ck_assert_ptr_eq(vigil_helper_path(path, sizeof(path), "vigil-files"), path);
	end = strrchr(path, '/');
	ck_assert(path[0] == '/' && end != NULL);
	ck_assert_str_eq(end, "/vigil-files");
	vigil_helper_path(small, sizeof(small), "vigil-files");
	ck_assert_uint_eq(strlen(small), sizeof(small) - 1);
}
END_TEST

SUITE("api_child", setup, teardown)
{
	TEST(stderr_is_reported_while_the_child_runs);
	TEST(stderr_is_not_reported_after_the_daemon_has_stopped);
	TEST(a_process_that_goes_into_the_background_is_killed_and_reported);
	TIMEOUT(120);
	TEST(a_helper_program_has_an_absolute_path);
	TEST(the_exit_is_reported_once_with_the_output);
	TEST(a_child_ends_when_the_daemon_terminates_it);
	TEST(an_older_module_has_a_shorter_spec);
	TEST(a_child_reads_its_input);
	TEST(invalid_specs_are_refused);
	TEST(a_start_that_fails_sets_errno);
	TEST(a_daemon_whose_child_cannot_be_started_has_failed);
	TEST(children_end_with_their_daemon);
	TEST(a_user_is_looked_up_once_for_each_daemon);
}
