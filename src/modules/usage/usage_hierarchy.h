/*
 * usage_hierarchy: where the hierarchies of control groups are mounted.
 *
 * Version 2 has one hierarchy. In version 1 each controller has one, and both versions may be
 * mounted at the same time (hybrid).
 */
#ifndef USAGE_HIERARCHY_H
#define USAGE_HIERARCHY_H

#include <stdbool.h>
#include <stddef.h>

enum usage_hierarchy {
	USAGE_UNIFIED, /* version 2 */
	USAGE_V1_MEMORY,
	USAGE_V1_CPU,
	USAGE_V1_TASKS,
	USAGE_V1_NAMED, /* that of systemd, which has no controller */
	USAGE_HIERARCHIES
};

#define USAGE_GROUP_PATH 512

/* Returns whether a list of controllers in /proc/PID/cgroup is that of the hierarchy. */
bool usage_hierarchy_is(enum usage_hierarchy hierarchy, const char *list, size_t length);
/* Writes the directory of the group that the first `length` bytes name to path, which has PATH_MAX
 * bytes. Returns false if the hierarchy is not mounted, or only a part without the group. */
bool usage_hierarchy_directory(
	enum usage_hierarchy hierarchy, const char *group, size_t length, char *path);
/* A group was not found: the hierarchies may be mounted elsewhere by now. */
void usage_hierarchy_doubt(void);
/* Forgets the mounts. For tests. */
void usage_hierarchy_forget(void);

#endif
