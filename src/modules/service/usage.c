/*
 * usage: what a process takes of the machine: memory now, CPU since the last measurement.
 *
 * From /proc/PID/stat alone: one read of a file that the kernel makes up in memory, which does
 * not wait for anything.  The command's name in it may hold anything, blanks and brackets
 * included, so the fields are counted from its last bracket.
 */
#include "usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int read_stat(pid_t pid, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return 0;
}

/* After the name: state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime
 * stime cutime cstime priority nice threads itrealvalue starttime vsize rss. */
static int parse_stat(const char *text, unsigned long *ticks, long *pages)
{
	const char *rest = strrchr(text, ')');
	unsigned long user, system;

	if (rest == NULL ||
		sscanf(rest + 1,
			" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d "
			"%*d %*u %*u %ld",
			&user, &system, pages) != 3)
		return -1;
	*ticks = user + system;
	return 0;
}

void usage_measure(struct usage *usage, pid_t pid, double now)
{
	const struct usage before = *usage;
	unsigned long ticks;
	char text[1024];
	long pages;

	*usage = (struct usage){.pid = pid, .when = now, .cpu = -1};
	if (pid <= 0 || read_stat(pid, text, sizeof(text)) < 0 ||
		parse_stat(text, &ticks, &pages) < 0) {
		usage->when = 0;
		return;
	}
	usage->ticks = ticks;
	usage->memory = (int64_t)pages * sysconf(_SC_PAGESIZE);
	if (before.pid == pid && before.when > 0 && now > before.when && ticks >= before.ticks)
		usage->cpu = 100.0 * (double)(ticks - before.ticks) / (double)sysconf(_SC_CLK_TCK) /
			     (now - before.when);
}

double usage_age(pid_t pid)
{
	unsigned long long started;
	const char *rest;
	struct timespec now;
	char text[1024];
	double age;

	if (read_stat(pid, text, sizeof(text)) < 0)
		return 0;
	rest = strrchr(text, ')');
	if (rest == NULL ||
		sscanf(rest + 1,
			" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			"%*d %*d %*d %llu",
			&started) != 1)
		return 0;
	clock_gettime(CLOCK_BOOTTIME, &now);
	age = (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
	      (double)started / (double)sysconf(_SC_CLK_TCK);
	return age > 0 ? age : 0;
}
