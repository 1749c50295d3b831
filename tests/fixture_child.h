/*
 * fixture_child: child processes on a loop, and what their callbacks reported.
 */
#ifndef FIXTURE_CHILD_H
#define FIXTURE_CHILD_H

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

__attribute__((unused)) static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

__attribute__((unused)) static void on_limit(uint64_t missed, void *arg)
{
	ck_abort_msg("the loop was not stopped in time");
}

__attribute__((unused)) static void setup(void)
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
__attribute__((unused)) static void teardown(void)
{
	ck_assert_int_eq(count_descriptors(), descriptors);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	loop_timer_free(limit);
	loop_free(loop);
	scratch_teardown();
}

__attribute__((unused)) static void on_exit_told(
	struct child *child, const vigil_child_exit *e, void *arg)
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

__attribute__((unused)) static void on_line(
	struct child *child, const char *line, size_t length, void *arg)
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

__attribute__((unused)) static struct child *start(
	const char *script, double timeout, size_t max, bool lines)
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

__attribute__((unused)) static void run(const char *script, double timeout, size_t max, bool lines)
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

__attribute__((unused)) static void stop_loop(void *arg)
{
	++*(unsigned *)arg;
	loop_stop(loop);
}

/* Waits until the detached children have ended. */
__attribute__((unused)) static void drain(void)
{
	unsigned done = 0;

	child_drain(loop, stop_loop, &done);
	ck_assert_uint_eq(done, 0);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_uint_eq(done, 1);
}

#endif
