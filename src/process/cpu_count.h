/*
 * cpu_count: the number of processors that vigild may use.
 */
#ifndef CPU_COUNT_H
#define CPU_COUNT_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the number of processors that the scheduler may run vigild on, or the quota of its
 * control group, rounded up, where that is less.  At least 1. */
unsigned cpu_count(void);

/* Parses the content of /proc/self/cgroup and returns the path of the control group (version 2),
 * such as "/system.slice/vigil.service".  Returns false, with an empty path, for the root group,
 * for no group, and for a path that is too long or leads out of the hierarchy. */
bool cpu_count_group(const char *text, char *path, size_t size);
/* Parses the content of cpu.max.  Returns the number of processors that it allows, rounded up, from
 * 1 to most.  Returns most where there is no quota. */
unsigned cpu_count_quota(const char *text, unsigned most);

#endif
