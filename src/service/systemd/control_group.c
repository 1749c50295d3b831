/*
 * control_group: the processes in a control group and in the groups below it.
 *
 * systemd names a group by its path in the hierarchy.  The directory in which that hierarchy is
 * mounted depends on the version of control groups: version 2 uses /sys/fs/cgroup, and version 1,
 * alone or together with version 2, uses a separate directory for systemd.
 */
#include "service/systemd/control_group.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "process/process.h"

#define MEMBERS_MAX 256 /* of a larger group only the first ones are read */
#define DEPTH_MAX   8   /* levels of groups that a service has created in its own group */

struct members {
	pid_t pids[MEMBERS_MAX];
	int count;
};

static bool is_member(const struct members *members, pid_t pid)
{
	for (int i = 0; i < members->count; i++)
		if (members->pids[i] == pid)
			return true;
	return false;
}

/* Returns the oldest member whose parent is not a member.  If /proc shows none of the living
 * members (hidepid), returns the first of them, because the group is not empty.  0: none lives; or
 * -errno. */
static pid_t find_leader(const struct members *members)
{
	uint64_t oldest = UINT64_MAX;
	struct process process;
	pid_t leader = 0;
	int r;

	for (int i = 0; i < members->count; i++) {
		r = process_look(members->pids[i], &process);
		if (r < 0)
			return r;
		if (r > 0 && leader == 0)
			leader = members->pids[i];
		if (r == 0 || process.state == '\0' || process.ticks >= oldest ||
			is_member(members, process.parent))
			continue;
		oldest = process.ticks;
		leader = members->pids[i];
	}
	return leader;
}

/* A group that is removed during the read has no members (ENODEV).  A group that contains only
 * threads lists its processes in the group above it (EOPNOTSUPP).  Returns 0 or -errno. */
static int read_processes(FILE *file, struct members *members)
{
	int pid;

	errno = 0;
	while (members->count < MEMBERS_MAX && fscanf(file, "%d", &pid) == 1)
		members->pids[members->count++] = (pid_t)pid;
	return ferror(file) && errno != ENODEV && errno != EOPNOTSUPP ? -errno : 0;
}

static int read_group(const char *path, int depth, struct members *members);

static int read_groups_below(const char *path, int depth, struct members *members)
{
	DIR *directory = depth < DEPTH_MAX ? opendir(path) : NULL;
	const struct dirent *entry;
	char below[PATH_MAX];
	int r = 0;

	if (directory == NULL)
		return depth < DEPTH_MAX && errno != ENOENT ? -errno : 0;
	while (r >= 0 && (entry = readdir(directory)) != NULL) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
			(int)sizeof(below))
			r = read_group(below, depth + 1, members);
	}
	closedir(directory);
	return r == -ENOENT ? 0 : r;
}

/* Returns 0 or a negative errno; -ENOENT: there is no such group. */
static int read_group(const char *path, int depth, struct members *members)
{
	char name[PATH_MAX];
	FILE *file;
	int r;

	if (snprintf(name, sizeof(name), "%s/cgroup.procs", path) >= (int)sizeof(name))
		return -ENOENT;
	file = fopen(name, "re");
	if (file == NULL)
		return -errno;
	r = read_processes(file, members);
	fclose(file);
	return r < 0 ? r : read_groups_below(path, depth, members);
}

pid_t control_group_leader(const char *group)
{
	static const char *const roots[] = {
		"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	struct members members = {.count = 0};
	char path[PATH_MAX];
	int r = -ENOENT;

	if (group[0] == '\0')
		return 0;
	for (size_t i = 0; r < 0 && !error_is_own(r) && i < sizeof(roots) / sizeof(*roots); i++)
		if (snprintf(path, sizeof(path), "%s%s", roots[i], group) < (int)sizeof(path))
			r = read_group(path, 0, &members);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return find_leader(&members);
}
