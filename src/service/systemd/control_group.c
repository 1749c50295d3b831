/*
 * control_group: the processes that a control group holds.
 *
 * systemd names a group by its path in the hierarchy.  Where that hierarchy is mounted depends on
 * the version of control groups: at /sys/fs/cgroup itself, or for version 1 and for both together
 * in a directory of systemd's own.
 */
#include "service/systemd/control_group.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX 256 /* of a larger group the first ones are judged */

static FILE *group_open(const char *group)
{
	static const char *const roots[] = {
		"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	char path[PATH_MAX];
	FILE *file = NULL;

	for (size_t i = 0; file == NULL && i < sizeof(roots) / sizeof(*roots); i++)
		if (snprintf(path, sizeof(path), "%s%s/cgroup.procs", roots[i], group) <
			(int)sizeof(path))
			file = fopen(path, "re");
	return file;
}

/* From /proc/PID/stat; the command's name in it may hold anything, brackets included. */
static bool process_parent(pid_t pid, pid_t *parent, uint64_t *started)
{
	char path[32], text[1024], *rest;
	FILE *file;
	size_t n;
	int ppid;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	rest = strrchr(text, ')');
	if (rest == NULL || sscanf(rest + 1,
				    " %*c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				    "%*s %*s %*s %*s %" SCNu64,
				    &ppid, started) != 2)
		return false;
	*parent = (pid_t)ppid;
	return true;
}

static bool is_member(const pid_t *members, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (members[i] == pid)
			return true;
	return false;
}

static pid_t find_leader(const pid_t *members, size_t count)
{
	uint64_t started, oldest = UINT64_MAX;
	pid_t parent, leader = 0;

	for (size_t i = 0; i < count; i++) {
		if (!process_parent(members[i], &parent, &started) ||
			is_member(members, count, parent) || started >= oldest)
			continue;
		oldest = started;
		leader = members[i];
	}
	return leader;
}

pid_t control_group_leader(const char *group)
{
	FILE *file = group[0] != '\0' ? group_open(group) : NULL;
	pid_t members[MEMBERS_MAX];
	size_t count = 0;
	int pid;

	if (file == NULL)
		return errno == ENOENT || group[0] == '\0' ? 0 : -errno;
	while (count < MEMBERS_MAX && fscanf(file, "%d", &pid) == 1)
		members[count++] = (pid_t)pid;
	fclose(file);
	return find_leader(members, count);
}
