/*
 * control_group: the processes in a control group.
 */
#ifndef CONTROL_GROUP_H
#define CONTROL_GROUP_H

#include <sys/types.h>

/* Returns the process of the group, or of a group below it, whose parent is not in the group; if
 * there are several, the oldest.  0: the group is empty or does not exist; -errno: it cannot be
 * read.  group: as systemd names it, "/a.slice/b".  Reads only files of the kernel.  May be called
 * on any thread. */
pid_t control_group_leader(const char *group);

#endif
