/*
 * control_group: see control_group.h.  systemd names a group by its path in the hierarchy.  The
 * directory in which that hierarchy is mounted depends on the version of control groups: version 2
 * uses /sys/fs/cgroup, and version 1, alone or together with version 2, uses a separate directory
 * for systemd.
 */
#include "service/systemd/control_group.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "process/cgroup.h"
#include "process/process.h"

#define MEMBERS_MAX 256 /* of a larger group only the first ones are used */

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

static void add_member(pid_t pid, void *arg)
{
	struct members *members = arg;

	if (members->count < MEMBERS_MAX)
		members->pids[members->count++] = pid;
}

/* Returns 0 or a negative errno; -ENOENT: there is no such group. */
static int read_group(const char *path, struct members *members)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = cgroup_each(fd, add_member, members);
	close(fd);
	return err;
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
			r = read_group(path, &members);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return find_leader(&members);
}
