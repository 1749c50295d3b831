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

#include "process/cgroup.h"
#include "process/process.h"

static unsigned scheduled(void)
{
	cpu_set_t set;
	long online;

	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
	online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (unsigned)online : 1;
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

/* Returns the number of processors that the group may use, not more than `most`. */
static unsigned quota_of(const char *group, unsigned most)
{
	char path[1200], text[64];

	snprintf(path, sizeof(path), "%s/cpu.max", group);
	return process_read_file(AT_FDCWD, path, text, sizeof(text)) > 0
		       ? cpu_count_quota(text, most)
		       : most;
}

unsigned cpu_count(void)
{
	unsigned count = scheduled();
	char group[1024];

	/* A group outside of the cgroup namespace cannot be read. */
	if (cgroup_find_own(group, sizeof(group)) != 0)
		strcpy(group, "/sys/fs/cgroup");
	/* The directories above the mount point have no cpu.max. */
	for (; group[0] != '\0'; *strrchr(group, '/') = '\0')
		count = quota_of(group, count);
	return count;
}
