/*
 * check_run_group: the processes that a run leaves behind in its control group are ended, except
 * those that may stay.
 */
#include "process/run_group.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/cgroup.h"
#include "process/child.h"
#include "process/left_behind.h"
#include "loop/loop.h"
#include "process/process.h"
#include "process/spawn.h"
#include "scratch.h"
#include "suite.h"

static struct loop *loop;
static char step[PATH_MAX], own[PATH_MAX];
static char said[512];
static vigil_child_exit last;

/* Finds vigil-enter in the build directory. */
static bool find_step(void)
{
	ssize_t n = readlink("/proc/self/exe", step, sizeof(step) - 1);
	char *tests;

	step[n > 0 ? n : 0] = '\0';
	tests = strstr(step, "/tests/");
	if (tests == NULL)
		return false;
	strcpy(tests, "/src/vigil-enter");
	return access(step, X_OK) == 0;
}

static void on_line(enum log_level level, const char *line, void *arg)
{
	snprintf(said, sizeof(said), "%s", line);
}

static void setup(void)
{
	scratch_setup();
	said[0] = '\0';
	loop = loop_new();
	run_groups_open(loop, step);
	log_set_sink(on_line, NULL);
}

static void teardown(void)
{
	log_set_sink(NULL, NULL);
	child_kill_detached();
	loop_free(loop);
	scratch_teardown();
}

static void on_exit_told(struct child *child, const vigil_child_exit *e, void *arg)
{
	last = *e;
	last.output = last.errors = NULL;
	loop_stop(loop);
}

/* Runs a shell command that must leave nothing behind, until its end. */
static void run(const char *line, const char *program)
{
	const char *argv[] = {program != NULL ? program : "/bin/sh", "-c", line, NULL};
	const struct child_spec spec = {
		.spawn = {.argv = argv, .directory = scratch, .merge_stderr = true},
		.on_exit = on_exit_told,
		.end_session = true,
		.owner = "disk"};
	struct child *child = NULL;

	ck_assert_int_eq(child_start(loop, &spec, &child), 0);
	ck_assert_int_eq(loop_run(loop), 0);
	child_free(child);
}

static void on_nothing(uint64_t missed, void *arg)
{
}

/* Runs the loop until the process has ended. */
static bool ends(pid_t pid)
{
	struct loop_timer *timer = loop_every(loop, 10 * CLOCK_MS, 0, on_nothing, NULL);
	uint64_t until = clock_now() + 30 * CLOCK_SECOND;

	while (process_lives(pid) && clock_now() < until)
		loop_run_once(loop, true);
	for (int i = 0; i < 10; i++) /* and until its group has been removed */
		loop_run_once(loop, true);
	loop_timer_free(timer);
	return !process_lives(pid);
}

static pid_t noted(const char *name)
{
	FILE *file = fopen(scratch_path(name), "r");
	int pid = 0;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%d", &pid), 1);
	fclose(file);
	return (pid_t)pid;
}

/* Returns the number of groups below the one of this vigild; 0: it has none. */
static int count_groups(void)
{
	char line[PATH_MAX + 128];
	FILE *list;
	int n = 0;

	snprintf(line, sizeof(line), "find %s/vigil.%d.* -mindepth 1 -type d 2>/dev/null | wc -l",
		own, (int)getpid());
	list = popen(line, "r");
	ck_assert_ptr_nonnull(list);
	ck_assert_int_eq(fscanf(list, "%d", &n), 1);
	pclose(list);
	return n;
}

#define DAEMON                                                                    \
	"setsid sh -c 'setsid sleep 1000 >/dev/null 2>&1 & echo $! >daemon.new; " \
	"mv daemon.new daemon' & while [ ! -e daemon ]; do sleep 0.01; done; "

START_TEST(a_process_in_another_session_ends_with_the_run)
{
	uint64_t before = left_behind_count();

	run(DAEMON "exit 3", NULL);
	ck_assert_int_eq(WEXITSTATUS(last.status), 3);
	ck_assert(ends(noted("daemon")));
	ck_assert_uint_gt(left_behind_count(), before);
	ck_assert_ptr_nonnull(strstr(said, "disk: its program exited and left process "));
	ck_assert_int_eq(count_groups(), 0);
}
END_TEST

START_TEST(a_run_that_leaves_nothing_behind_leaves_no_group)
{
	uint64_t before = left_behind_count();

	for (int i = 0; i < 20; i++)
		run("/bin/true; exit 0", NULL);
	ck_assert_uint_eq(left_behind_count(), before);
	ck_assert_int_eq(count_groups(), 0);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(the_run_is_in_its_group_from_the_first_instruction)
{
	char line[1024] = "";
	FILE *file;

	run("cat /proc/self/cgroup >where", NULL);
	file = fopen(scratch_path("where"), "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL && strncmp(line, "0::", 3) != 0)
		continue;
	fclose(file);
	ck_assert_ptr_nonnull(strstr(line, "/run."));
}
END_TEST

/* The program prints its arguments and environment. */
START_TEST(a_program_gets_its_arguments_and_its_environment)
{
	const char *argv[] = {"odd name", "-c",
		"tr '\\0' '|' </proc/$$/cmdline >seen; env | grep -c '^_VIGIL\\|SHLVL' >>seen; "
		"exit 0",
		"a b", "", NULL};
	const struct child_spec spec = {
		.spawn = {.argv = argv, .program = "/bin/sh", .directory = scratch},
		.on_exit = on_exit_told,
		.end_session = true,
		.owner = "disk"};
	char line[1024] = "";
	struct child *child = NULL;
	FILE *file;

	ck_assert_int_eq(child_start(loop, &spec, &child), 0);
	ck_assert_int_eq(loop_run(loop), 0);
	child_free(child);
	file = fopen(scratch_path("seen"), "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	fclose(file);
	ck_assert_int_eq(strncmp(line, "odd name|-c|tr ", 15), 0);
	ck_assert_ptr_nonnull(strstr(line, "|a b||"));
}
END_TEST

START_TEST(an_error_of_execve_is_still_reported_at_the_start)
{
	const char *argv[] = {scratch_path("script"), NULL};
	const struct child_spec spec = {.spawn = {.argv = argv},
		.on_exit = on_exit_told,
		.end_session = true,
		.owner = "disk"};
	struct child *child = NULL;

	scratch_put("script", 0755, "echo without an interpreter\n");
	ck_assert_int_eq(child_start(loop, &spec, &child), -ENOEXEC);
	scratch_put("script", 0755, "#!/no/such/interpreter\n");
	ck_assert_int_eq(child_start(loop, &spec, &child), -ENOENT);
	scratch_put("script", 0644, "#!/bin/sh\n");
	ck_assert_int_eq(child_start(loop, &spec, &child), -EACCES);
	ck_assert_int_eq(count_groups(), 0);
}
END_TEST

static struct spawn_result result;

static void run_blocking(const char *line, bool spare_group)
{
	const char *argv[] = {"/bin/sh", "-c", line, NULL};
	const struct spawn spawn = {.argv = argv, .directory = scratch};

	ck_assert_int_eq(
		spawn_run(&spawn, clock_now() + 60 * CLOCK_SECOND, spare_group, &result), 0);
}

START_TEST(a_status_command_leaves_nothing_behind)
{
	run_blocking(DAEMON "exit 0", false);
	ck_assert(ends(noted("daemon")));
	ck_assert_str_ne(said, "");
	ck_assert_ptr_nonnull(strstr(said, "its program exited and left process "));
	ck_assert_int_eq(count_groups(), 0);
}
END_TEST

START_TEST(a_service_that_a_restart_script_has_started_stays)
{
	pid_t service;

	run_blocking(DAEMON "exit 0", true);
	service = noted("daemon");
	run_blocking("exit 0", false);
	run_groups_close();
	ck_assert(process_lives(service));
	kill(service, SIGKILL);
}
END_TEST

START_TEST(a_run_that_outlasts_vigild_does_not_touch_other_directories)
{
	struct run_group *group = run_group_new("disk", "/bin/sh");
	char path[PATH_MAX], *name;
	int reused[8];

	ck_assert_ptr_nonnull(group);
	snprintf(path, sizeof(path), "%s", run_group_procs(group));
	*strrchr(path, '/') = '\0';
	name = strrchr(path, '/') + 1;
	run_groups_close();
	ck_assert_int_eq(access(path, F_OK), -1);
	/* The descriptors that were closed now belong to another directory. */
	for (size_t i = 0; i < COUNT(reused); i++)
		reused[i] = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdir(scratch_path(name), 0755), 0);
	run_group_end(group);
	ck_assert(scratch_has(name));
	ck_assert_ptr_null(run_group_new("disk", "/bin/sh"));
	for (size_t i = 0; i < COUNT(reused); i++)
		close(reused[i]);
}
END_TEST

START_TEST(nested_groups_are_ended_and_removed)
{
	run("g=$(sed -n 's/^0:://p' /proc/self/cgroup); g=$(ls -d /sys/fs/cgroup/unified$g "
	    "/sys/fs/cgroup$g 2>/dev/null | head -n 1); mkdir -p $g/a/b; "
	    "sleep 1000 & echo $! >daemon; echo $! >$g/a/b/cgroup.procs; exit 0",
		NULL);
	ck_assert(ends(noted("daemon")));
	ck_assert_int_eq(count_groups(), 0);
}
END_TEST

/* A vigild that was killed leaves a directory that is not locked. */
START_TEST(the_groups_of_a_killed_vigild_are_ended_at_the_start)
{
	char stale[PATH_MAX + 64], run_dir[PATH_MAX + 128], procs[PATH_MAX + 160];
	pid_t pid;
	int fd;

	snprintf(stale, sizeof(stale), "%s/vigil.1.check%d", own, (int)getpid());
	snprintf(run_dir, sizeof(run_dir), "%s/run.7", stale);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", run_dir);
	ck_assert_int_eq(mkdir(stale, 0755), 0);
	ck_assert_int_eq(mkdir(run_dir, 0755), 0);
	pid = fork();
	if (pid == 0) {
		fd = open(procs, O_WRONLY);
		if (fd < 0 || write(fd, "0", 1) != 1)
			_exit(1);
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	while (access(procs, F_OK) == 0) { /* until the process is in the group */
		fd = open(run_dir, O_RDONLY | O_DIRECTORY);
		if (cgroup_is_populated(fd)) {
			close(fd);
			break;
		}
		close(fd);
		usleep(1000);
	}
	run_groups_close();
	run_groups_open(loop, step);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ends(pid);
	ck_assert_int_ne(access(stale, F_OK), 0);
	ck_assert_ptr_nonnull(strstr(said, "programs of an earlier vigild left 1 processes"));
}
END_TEST

/* A second vigild in the same control group, with another configuration. */
/* Makes a group and locks it as a running vigild does.  Until it is locked, any vigild that starts
 * on this machine may remove it. */
static int make_locked(const char *path)
{
	int fd = -1;

	for (int tries = 0; tries < 100; tries++) {
		close(fd);
		mkdir(path, 0755);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && access(path, F_OK) == 0)
			break;
	}
	return fd;
}

START_TEST(the_groups_of_a_running_vigild_are_not_touched)
{
	char other[PATH_MAX + 64];
	int lock;

	snprintf(other, sizeof(other), "%s/vigil.1.held%d", own, (int)getpid());
	lock = make_locked(other);
	ck_assert_int_ge(lock, 0);
	run_groups_close();
	run_groups_open(loop, step);
	ck_assert_int_eq(access(other, F_OK), 0);
	close(lock);
	rmdir(other);
}
END_TEST

/* Kernels before 5.14 have no cgroup.kill. */
START_TEST(a_group_can_be_ended_without_cgroup_kill)
{
	struct run_group *group = run_group_new("disk", "/bin/sh");
	const char *argv[] = {
		"/bin/sh", "-c", "for i in 1 2 3 4 5; do sleep 1000 & done; echo; wait", NULL};
	const struct spawn spawn = {.argv = argv, .group = group};
	char dir[PATH_MAX], byte;
	int out, pidfd, fd;
	pid_t pid, first;

	ck_assert_ptr_nonnull(group);
	snprintf(dir, sizeof(dir), "%s", run_group_procs(group));
	*strrchr(dir, '/') = '\0';
	pid = spawn_start(&spawn, &out, NULL, &pidfd);
	ck_assert_int_gt(pid, 0);
	fcntl(out, F_SETFL, 0);
	ck_assert_int_eq(read(out, &byte, 1), 1);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	ck_assert_uint_eq(cgroup_count(fd, &first), 6);
	cgroup_kill_each(fd);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	for (int i = 0; i < 1000 && cgroup_is_populated(fd); i++)
		usleep(10000);
	ck_assert(!cgroup_is_populated(fd));
	close(fd);
	close(out);
	close(pidfd);
	run_group_end(group);
	ck_assert_int_eq(count_groups(), 0);
}
END_TEST

START_TEST(without_vigil_enter_programs_run_without_groups)
{
	run_groups_close();
	run_groups_open(loop, NULL); /* no vigil-enter is installed in the directory of this test */
	ck_assert_ptr_null(run_group_new("disk", "/bin/sh"));
	run("exit 4", NULL);
	ck_assert_int_eq(WEXITSTATUS(last.status), 4);
}
END_TEST

SUITE("run_group", setup, teardown)
{
	if (!find_step() || cgroup_find_own(own, sizeof(own)) != 0 || !cgroup_may_divide(own))
		suite_skip("this process may not make control groups of version 2");
	TEST(a_process_in_another_session_ends_with_the_run);
	TEST(a_run_that_leaves_nothing_behind_leaves_no_group);
	TEST(the_run_is_in_its_group_from_the_first_instruction);
	TEST(a_program_gets_its_arguments_and_its_environment);
	TEST(an_error_of_execve_is_still_reported_at_the_start);
	TEST(a_status_command_leaves_nothing_behind);
	TEST(a_service_that_a_restart_script_has_started_stays);
	TEST(a_run_that_outlasts_vigild_does_not_touch_other_directories);
	TEST(nested_groups_are_ended_and_removed);
	TEST(the_groups_of_a_killed_vigild_are_ended_at_the_start);
	TEST(the_groups_of_a_running_vigild_are_not_touched);
	TEST(a_group_can_be_ended_without_cgroup_kill);
	TEST(without_vigil_enter_programs_run_without_groups);
}
