/*
 * cpu_count: how many processors vigild may use.
 */
#ifndef CPU_COUNT_H
#define CPU_COUNT_H

/* At least 1: those that the scheduler lets vigild run on, or the share of its control group where
 * that is less, rounded up. */
unsigned cpu_count(void);

#endif
