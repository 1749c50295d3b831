/*
 * cpu_count: how many processors vigild may use.
 *
 * A container may see all processors of its host and have half of one: its quota stands in the
 * cpu.max of its control group (version 2), as "QUOTA PERIOD" in microseconds or "max PERIOD", or in
 * that of a group above it.
 */
#include "process/cpu_count.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* The path of our control group below ROOT, such as "/system.slice/vigil.service"; "" for none. */
static void find_group(char *path, size_t size)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[1024];

	path[0] = '\0';
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) == 0 && strlen(line + 3) < size)
			strcpy(path, line[4] != '\0' ? line + 3 : "");
	}
	if (file != NULL)
		fclose(file);
}

/* The processors that a group may use, rounded up; most where it has no quota. */
static unsigned quota_of(const char *group, unsigned most)
{
	unsigned long long quota, period;
	char path[1200];
	FILE *file;
	int read;

	snprintf(path, sizeof(path), ROOT "%s/cpu.max", group);
	file = fopen(path, "re");
	if (file == NULL)
		return most;
	read = fscanf(file, "%llu %llu", &quota, &period);
	fclose(file);
	if (read != 2 || period == 0 || (quota + period - 1) / period >= most)
		return most;
	return quota > 0 ? (unsigned)((quota + period - 1) / period) : 1;
}

unsigned cpu_count(void)
{
	unsigned count = scheduled();
	char group[1024], *end;

	find_group(group, sizeof(group));
	for (;;) {
		count = quota_of(group, count);
		end = strrchr(group, '/');
		if (end == NULL)
			return count;
		*end = '\0';
	}
}
