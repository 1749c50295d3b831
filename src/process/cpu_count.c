/*
 * cpu_count: reads the quota of the control group.
 *
 * A container may see all processors of its host but may use only half of one.  Its quota is in
 * cpu.max of its control group (version 2) or of a group above it, as "QUOTA PERIOD" in
 * microseconds or as "max PERIOD".
 */
#include "process/cpu_count.h"

#include <ctype.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process/process.h"

#define ROOT "/sys/fs/cgroup"

static unsigned scheduled(void)
{
	cpu_set_t set;
	long online;

	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
	online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (unsigned)online : 1;
}

bool cpu_count_group(const char *text, char *path, size_t size)
{
	const char *line = text, *end;
	bool found = false;
	size_t n;

	path[0] = '\0';
	for (; !found && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		n = (size_t)(end - line);
		found = n >= 4 && strncmp(line, "0::/", 4) == 0;
		if (!found || n == 4 || n - 3 >= size)
			continue;
		memcpy(path, line + 3, n - 3);
		path[n - 3] = '\0';
	}
	/* A group outside of the cgroup namespace cannot be read. */
	if (strstr(path, "/..") != NULL)
		path[0] = '\0';
	return path[0] != '\0';
}

unsigned cpu_count_quota(const char *text, unsigned most)
{
	unsigned long long quota, period, count;

	if (!isdigit((unsigned char)text[0]) || sscanf(text, "%llu %llu", &quota, &period) != 2 ||
		period == 0)
		return most;
	count = quota / period + (quota % period > 0);
	if (count >= most)
		return most;
	return count > 0 ? (unsigned)count : 1;
}

/* Returns the number of processors that the group may use, at most most. */
static unsigned quota_of(const char *group, unsigned most)
{
	char path[1200], text[64];

	snprintf(path, sizeof(path), ROOT "%s/cpu.max", group);
	return process_read_file(AT_FDCWD, path, text, sizeof(text)) > 0
		       ? cpu_count_quota(text, most)
		       : most;
}

unsigned cpu_count(void)
{
	unsigned count = scheduled();
	char text[8192], group[1024], *end;

	process_read_file(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));
	cpu_count_group(text, group, sizeof(group));
	for (;;) {
		count = quota_of(group, count);
		end = strrchr(group, '/');
		if (end == NULL)
			return count;
		*end = '\0';
	}
}
