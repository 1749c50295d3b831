/*
 * oom: finds out whether the OOM killer has killed a process in a control group.
 *
 * The kernel counts these kills for each group, and for all groups above it.  It does not say
 * which process was killed.  The functions read files of the kernel only, and may be called on
 * any thread.
 */
#ifndef OOM_H
#define OOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The memory control group of a process, and how many processes in it the OOM killer had killed
 * when it was last read.  Zeroed: none. */
struct oom_group {
	char *file; /* NULL: none */
	uint64_t kills;
	uint64_t above; /* the same count of the group above it, if that includes the group's */
};

/* Finds the group of the process and reads its count.  Clears *group if there is no such group. */
void oom_group_watch(struct oom_group *group, pid_t pid);
/* Reads the count again, and returns whether it has grown.  If the group has been removed, the
 * count of the group above it decides, which has grown for a process of another group, too. */
bool oom_group_grown(struct oom_group *group);
void oom_group_clear(struct oom_group *group);

/* Finds the count in the text of memory.events or memory.oom_control.  Returns false if it has
 * none. */
bool oom_parse(const char *text, uint64_t *kills);

#endif
