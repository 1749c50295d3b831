/*
 * cgroup: finds, reads, kills and removes control groups of version 2.
 *
 * All functions only read and write files of the kernel, and may be called on any thread.  A group
 * is given as a descriptor of its directory.
 */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Finds the directory of the control group of this process.  Returns 0; -ENOENT where no hierarchy
 * of version 2 is mounted; or another negative errno. */
int cgroup_find_own(char *path, size_t size);

/* The same for the version 1 hierarchy of that controller. */
int cgroup_find(const char *controller, char *path, size_t size);

/* The same for another process; "": the hierarchy of version 2. */
int cgroup_find_of(pid_t pid, const char *controller, char *path, size_t size);

/* Returns whether this process may create groups in that directory: it has write permission, and
 * where systemd is the service manager, systemd has delegated the directory (Delegate=yes). */
bool cgroup_may_divide(const char *path);

/* Returns whether a process lives in the group or in a group below it.  A zombie does not count. */
bool cgroup_is_populated(int group);

/* Calls fn for each process in the group and below it, also for one that is a zombie.  Returns 0;
 * -ENOENT: the group has been removed; or another negative errno: some were not read. */
typedef void cgroup_member_fn(pid_t pid, void *arg);
int cgroup_each(int group, cgroup_member_fn *fn, void *arg);

/* Calls fn with the name of each group directly below that group, and with depth, which may count
 * how deep fn is in the tree.  Returns 0 or -errno. */
typedef void cgroup_below_fn(int group, const char *name, int depth, void *arg);
int cgroup_each_below(int group, cgroup_below_fn *fn, int depth, void *arg);

/* Returns the number of processes in the group and below it, without vigild itself and process 1.
 * *first: one of them, or 0 for none. */
size_t cgroup_count(int group, pid_t *first);

/* Kills all processes in the group and below it.  A process in uninterruptible sleep ends later. */
void cgroup_kill(int group);
/* The same, for kernels before 5.14, which have no cgroup.kill. */
void cgroup_kill_each(int group);

/* Removes the group of that name and all groups below it.  Returns 0 or a negative errno; -EBUSY
 * while a process lives in it. */
int cgroup_remove(int parent, const char *name);

#endif
