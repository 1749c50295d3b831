/*
 * cgroup: the files of control groups, version 2.
 *
 * All of it reads and writes files of the kernel only, and may be called on any thread.
 */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The directory of the group of this process.  0; -ENOENT where no hierarchy of version 2 is mounted;
 * or another negative errno. */
int cgroup_find_own(char *path, size_t size);

/* The same in the hierarchy of version 1 that has that controller. */
int cgroup_find(const char *controller, char *path, size_t size);

/* Whether this process may make groups in that directory: it can write there, and where systemd runs the
 * machine, the directory is delegated to this process (Delegate=yes). */
bool cgroup_may_divide(const char *path);

/* Whether a process lives in the group or below it; a zombie does not. */
bool cgroup_is_populated(int group);

/* How many processes are in the group and below it.  *first: one of them, 0 for none. */
size_t cgroup_count(int group, pid_t *first);

/* Kills all that is in the group and below it.  A process in uninterruptible sleep ends later. */
void cgroup_kill(int group);
/* The same, for kernels before 5.14, which have no cgroup.kill. */
void cgroup_kill_each(int group);

/* Removes the group of that name and all below it.  0, or a negative errno: -EBUSY while a process lives
 * in it. */
int cgroup_remove(int parent, const char *name);

#endif
