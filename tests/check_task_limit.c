/* check_task_limit: the limits for the tasks of vigild, and when plugins are refused. */
#include "process/task_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/degraded.h"
#include "process/cgroup.h"
#include "suite.h"

static char why[512];

static const struct {
	uint64_t used, most, reserve;
	bool near;
} cases[] = {
	{0, UINT64_MAX, 0, false},
	{1, 100, TASK_RESERVE, false},
	{83, 100, TASK_RESERVE, false},
	{84, 100, TASK_RESERVE, true},
	{100, 100, TASK_RESERVE, true},
	{5, 8, 2, false},
	{6, 8, 2, true},
	{1, 1, 0, true},
};

START_TEST(a_limit_is_near_when_only_the_reserve_is_left)
{
	struct task_limit limit = {
		.used = cases[_i].used, .most = cases[_i].most, .reserve = cases[_i].reserve};

	ck_assert_int_eq(task_limit_is_near(&limit), cases[_i].near);
}
END_TEST

START_TEST(a_limit_is_described_with_its_name)
{
	struct task_limit limit = {.used = 250, .most = 256, .name = "/g/pids.max"};

	task_limit_describe(&limit, why, sizeof(why));
	ck_assert_str_eq(why, "250 of 256 tasks are used (/g/pids.max)");
}
END_TEST

/* Runs the test in a child, which must exit with 0. */
static void in_child(int (*test)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(test());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static int as_user(void)
{
	const struct passwd *nobody = getpwnam("nobody");
	struct rlimit few, many;
	struct task_limit limit;

	getrlimit(RLIMIT_NPROC, &many);
	few = many;
	few.rlim_cur = 1;
	if (geteuid() == 0 && (nobody == NULL || setgroups(0, NULL) != 0 ||
				      setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0))
		return 1;
	prctl(PR_SET_DUMPABLE, 1); /* as after an exec, so that /proc/PID belongs to the user */
	task_limit_read(&limit);
	if (limit.most != UINT64_MAX) /* a lower limit of the machine applies */
		return strcmp(limit.name, "RLIMIT_NPROC") == 0 ? 2 : 0;
	setrlimit(RLIMIT_NPROC, &few);
	if (!task_limit_refuses(why, sizeof(why)))
		return 3;
	if (strstr(why, "1 of 1 tasks are used (RLIMIT_NPROC)") == NULL)
		return 4;
	if (degraded_get(DEGRADED_TASKS) == NULL || task_limit_refused() != 1)
		return 5;
	setrlimit(RLIMIT_NPROC, &many);
	if (task_limit_refuses(why, sizeof(why)) || degraded_get(DEGRADED_TASKS) != NULL)
		return 6;
	return 0;
}

START_TEST(the_limit_of_a_user_counts_the_tasks_of_that_user)
{
	in_child(as_user);
}
END_TEST

static char group[1200];

static bool write_file(const char *name, const char *text)
{
	char path[1400];
	int fd;
	bool written;

	snprintf(path, sizeof(path), "%s/%s", group, name);
	fd = open(path, O_WRONLY);
	written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

/* Returns the number of threads: under the thread sanitizer a process has one more. */
static unsigned count_threads(void)
{
	struct stat tasks = {0};

	stat("/proc/self/task", &tasks);
	return (unsigned)tasks.st_nlink - 2;
}

static bool set_limit(unsigned most)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", most);
	return write_file("pids.max", text);
}

static int in_group(void)
{
	unsigned used = count_threads();
	char text[64];
	struct task_limit limit;

	if (!write_file("cgroup.procs", "0") || !set_limit(20))
		return 1;
	task_limit_read(&limit);
	if (limit.most != 20 || limit.used != used || limit.reserve != 5)
		return 2;
	if (task_limit_refuses(why, sizeof(why)))
		return 3;
	/* The files stay open, and their new contents are read. */
	if (!set_limit(used + 3) || task_limit_refuses(why, sizeof(why)))
		return 4;
	if (!set_limit(used) || !task_limit_refuses(why, sizeof(why)))
		return 5;
	snprintf(text, sizeof(text), "%u of %u tasks are used (", used, used);
	return strstr(why, text) != NULL ? 0 : 6;
}

START_TEST(the_limit_of_a_control_group_is_read)
{
	char own[1024];

	if (cgroup_find("pids", own, sizeof(own)) != 0 && cgroup_find_own(own, sizeof(own)) != 0)
		return;
	snprintf(group, sizeof(group), "%s/vigil-check-tasks.%d", own, (int)getpid());
	if (mkdir(group, 0755) != 0) {
		puts("SKIP: this process may not make control groups");
		return;
	}
	if (write_file("pids.max", "max"))
		in_child(in_group);
	else
		puts("SKIP: no control group counts tasks here");
	rmdir(group);
}
END_TEST

SUITE("task_limit", NULL, task_limit_close)
{
	LOOP_TEST(a_limit_is_near_when_only_the_reserve_is_left, COUNT(cases));
	TEST(a_limit_is_described_with_its_name);
	TEST(the_limit_of_a_user_counts_the_tasks_of_that_user);
	TEST(the_limit_of_a_control_group_is_read);
}
