/*
 * usage: see usage.h.
 *
 * All numbers come from /proc/PID/stat. That is one read of a file that the kernel generates in
 * memory, and it does not block. The command name in the file may contain any characters, including
 * blanks and brackets, so the fields are counted from the last closing bracket.
 */
#include "usage.h"

#include <fcntl.h>
#include <inttypes.h>
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

/* Fields after the name: state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt
 * utime stime cutime cstime priority nice threads itrealvalue starttime vsize rss. */
bool usage_parse(const char *text, struct usage_stat *stat)
{
	const char *rest = strrchr(text, ')');
	int64_t user, system, started, pages;

	if (rest == NULL || sscanf(rest + 1,
				    " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNd64
				    " %" SCNd64 " %*s %*s %*s %*s %*s %*s %" SCNd64 " %*s %" SCNd64,
				    &user, &system, &started, &pages) != 4)
		return false;
	if (user < 0 || system < 0 || user > INT64_MAX - system || started < 0 || pages < 0 ||
		pages > INT64_MAX / sysconf(_SC_PAGESIZE))
		return false;
	*stat = (struct usage_stat){.ticks = user + system,
		.memory = pages * sysconf(_SC_PAGESIZE),
		.started = started};
	return true;
}

void usage_measure(struct usage *usage, pid_t pid, double now)
{
	const struct usage before = *usage;
	struct usage_stat stat;
	char text[1024];

	*usage = (struct usage){.pid = pid, .when = now, .cpu = -1};
	if (pid <= 0 || read_stat(pid, text, sizeof(text)) < 0 || !usage_parse(text, &stat)) {
		usage->when = 0;
		return;
	}
	usage->ticks = stat.ticks;
	usage->memory = stat.memory;
	if (before.pid == pid && before.when > 0 && now > before.when && stat.ticks >= before.ticks)
		usage->cpu = 100.0 * (double)(stat.ticks - before.ticks) /
			     (double)sysconf(_SC_CLK_TCK) / (now - before.when);
}

double usage_age(pid_t pid)
{
	struct usage_stat stat;
	struct timespec now;
	char text[1024];
	double age;

	if (read_stat(pid, text, sizeof(text)) < 0 || !usage_parse(text, &stat))
		return 0;
	clock_gettime(CLOCK_BOOTTIME, &now);
	age = (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
	      (double)stat.started / (double)sysconf(_SC_CLK_TCK);
	return age > 0 ? age : 0;
}
