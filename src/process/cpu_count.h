/*
 * cpu_count: how many processors vigild may use.
 */
#ifndef CPU_COUNT_H
#define CPU_COUNT_H

#include <stdbool.h>
#include <stddef.h>

/* At least 1: those that the scheduler lets vigild run on, or the share of its control group where
 * that is less, rounded up. */
unsigned cpu_count(void);

/* Finds the path of the control group (version 2), such as "/system.slice/vigil.service", in the content
 * of /proc/self/cgroup.  Returns false, with an empty path, for the root group, for none, and for a path
 * that is too long or leads out of the hierarchy. */
bool cpu_count_group(const char *text, char *path, size_t size);
/* The processors that the content of cpu.max allows, rounded up: 1 to most; most where there is no
 * quota. */
unsigned cpu_count_quota(const char *text, unsigned most);

#endif
