/*
 * cpu_count: the number of processors that vigild may use.
 */
#ifndef CPU_COUNT_H
#define CPU_COUNT_H

/* Returns the number of processors that the scheduler may run vigild on, or the quota of its
 * control group, rounded up, where that is less.  At least 1. */
unsigned cpu_count(void);

/* Parses the content of cpu.max.  Returns the number of processors that it allows, rounded up, from
 * 1 to most.  Returns most where there is no quota. */
unsigned cpu_count_quota(const char *text, unsigned most);

#endif
