/*
 * control_group: the processes that a control group holds.
 *
 * systemd names a group by its path in the hierarchy.  Where that hierarchy is mounted depends on
 * the version of control groups: at /sys/fs/cgroup itself, or for version 1 and for both together
 * in a directory of systemd's own.
 */
#include "service/systemd/control_group.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "service/process.h"

#define MEMBERS_MAX 256 /* of a larger group the first ones are judged */

static FILE *group_open(const char *group)
{
	static const char *const roots[] = {
		"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	char path[PATH_MAX];
	FILE *file = NULL;

	errno = ENOENT;
	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		if (snprintf(path, sizeof(path), "%s%s/cgroup.procs", roots[i], group) >=
			(int)sizeof(path))
			continue;
		file = fopen(path, "re");
		if (file != NULL || error_is_own(errno))
			break;
	}
	return file;
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
	uint64_t oldest = UINT64_MAX;
	struct process process;
	pid_t leader = 0;
	int err;

	for (size_t i = 0; i < count; i++) {
		err = process_read(members[i], &process);
		if (err != 0)
			return err;
		if (process.state == '\0' || process.ticks >= oldest ||
			is_member(members, count, process.parent))
			continue;
		oldest = process.ticks;
		leader = members[i];
	}
	return leader;
}

/* How many members there are, at most MEMBERS_MAX; or a negative errno.  A group that is removed while
 * it is read has none. */
static int read_members(FILE *file, pid_t *members)
{
	int pid, count = 0;

	errno = 0;
	while (count < MEMBERS_MAX && fscanf(file, "%d", &pid) == 1)
		members[count++] = (pid_t)pid;
	return ferror(file) && errno != ENODEV ? -errno : count;
}

pid_t control_group_leader(const char *group)
{
	pid_t members[MEMBERS_MAX];
	FILE *file;
	int count;

	if (group[0] == '\0')
		return 0;
	file = group_open(group);
	if (file == NULL)
		return errno == ENOENT ? 0 : -errno;
	count = read_members(file, members);
	fclose(file);
	return count < 0 ? count : find_leader(members, (size_t)count);
}
