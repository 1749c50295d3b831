/*
 * control_group: the processes that a control group holds.
 */
#ifndef CONTROL_GROUP_H
#define CONTROL_GROUP_H

#include <sys/types.h>

/* The process of the group that has no parent in it, the oldest where there are several; 0: the
 * group is empty or gone; -errno: it cannot be read.  group: as systemd names it, "/a.slice/b".
 * Reads files of the kernel only.  May be called on any thread. */
pid_t control_group_leader(const char *group);

#endif
