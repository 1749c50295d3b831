/*
 * fixture_pidfile: a pidfile in the scratch directory, and what pidfile_look finds.
 */
#ifndef FIXTURE_PIDFILE_H
#define FIXTURE_PIDFILE_H

#include "service/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "acl.h"
#include "base/clock.h"
#include "scratch.h"
#include "process/spawn.h"
#include "process/process.h"
#include "suite.h"

#ifndef CLONE_NEWTIME /* older C libraries do not define it */
#define CLONE_NEWTIME 0x80
#endif

static char path[128];
static struct pidfile found;
static const struct pidfile_memory *before;

__attribute__((unused)) static void setup(void)
{
	scratch_setup();
	before = NULL;
	snprintf(path, sizeof(path), "%s", scratch_path("some.pid"));
}

__attribute__((unused)) static void put_bytes(const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	close(fd);
	ck_assert_int_eq(chmod(path, 0644), 0);
}

__attribute__((unused)) static void put(const char *text)
{
	put_bytes(text, strlen(text));
}

__attribute__((unused)) static void put_pid(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", (int)pid);
	put(text);
}

__attribute__((unused)) static enum pidfile_verdict look_for(const char *service)
{
	memset(&found, 0xaa, sizeof(found));
	pidfile_look(path, service, before, &found);
	ck_assert((found.verdict == PIDFILE_NONE || found.verdict == PIDFILE_ALIVE) ==
		  (*found.why == '\0'));
	ck_assert((found.verdict == PIDFILE_UNKNOWN) == (found.error < 0));
	return found.verdict;
}

__attribute__((unused)) static enum pidfile_verdict look(void)
{
	return look_for("some");
}

/* Starts a child that sleeps until it is killed. */
/* An emulator returns from posix_spawn before the child executes its program. */
__attribute__((unused)) static void await_name(pid_t pid, const char *wanted)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	char file[64], actual[64] = "";
	FILE *comm;

	snprintf(file, sizeof(file), "/proc/%d/comm", (int)pid);
	while (strcmp(actual, wanted) != 0) {
		nanosleep(&moment, NULL);
		comm = fopen(file, "r");
		ck_assert_ptr_nonnull(comm);
		if (fscanf(comm, "%63s", actual) != 1)
			actual[0] = '\0';
		fclose(comm);
	}
}

__attribute__((unused)) static pid_t sleeper(void)
{
	const char *argv[] = {"sleep", "1000", NULL};
	struct spawn spawn = {.argv = argv};
	int out, pidfd;
	pid_t pid = spawn_start(&spawn, &out, NULL, &pidfd);

	ck_assert_int_gt(pid, 1);
	close(out);
	close(pidfd);
	await_name(pid, "sleep");
	return pid;
}

/* Starts a child after vigild first read the clock, also in the kernel's units of 10 ms. */
__attribute__((unused)) static pid_t young_sleeper(void)
{
	const struct timespec tick = {.tv_nsec = 20000000};

	clock_tracked_since();
	nanosleep(&tick, NULL);
	return sleeper();
}

__attribute__((unused)) static void date_back(double seconds)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= (time_t)seconds;
	times[1] = times[0];
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Returns the verdict about a file of this age whose process is younger: `otherwise`, except if the
 * file is in memory and older than the boot, which is possible only if the clock was set. */
__attribute__((unused)) static enum pidfile_verdict unless_before_boot(
	double age, enum pidfile_verdict otherwise)
{
	struct statfs fs;

	ck_assert_int_eq(statfs(scratch, &fs), 0);
	if ((uint32_t)fs.f_type != TMPFS_MAGIC && (uint32_t)fs.f_type != RAMFS_MAGIC)
		return otherwise;
	return (double)time(NULL) - age + 60 < clock_boot_time() ? PIDFILE_ALIVE : otherwise;
}

#endif
