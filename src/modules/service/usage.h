/*
 * usage: measures a process: its present memory, and its CPU time since the last measurement.
 */
#ifndef USAGE_H
#define USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct usage {
	pid_t pid;
	double when;    /* time of the last measurement; 0: none */
	int64_t ticks;  /* CPU time used until then, in clock ticks */
	int64_t memory; /* resident memory in bytes; 0: not known */
	/* percent of one CPU between the last two measurements; negative: not known */
	double cpu;
};

struct usage_stat {      /* no number is negative */
	int64_t ticks;   /* CPU time of the process, in clock ticks */
	int64_t memory;  /* resident memory in bytes */
	int64_t started; /* start time in clock ticks since boot */
};

/* Parses the content of /proc/PID/stat. Returns false if the format is not the kernel's. */
bool usage_parse(const char *text, struct usage_stat *stat);

/* Measures the process. `now` is seconds on any monotonic clock. If the pid differs from the last
 * one, the CPU usage is not known until the next measurement. */
void usage_measure(struct usage *usage, pid_t pid, double now);

/* Returns for how many seconds the process has run; 0: not known. */
double usage_age(pid_t pid);

#endif
