/*
 * usage: what a process takes of the machine: memory now, CPU since the last measurement.
 */
#ifndef USAGE_H
#define USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct usage {
	pid_t pid;
	double when;    /* of the last measurement; 0: none */
	int64_t ticks;  /* of CPU by then */
	int64_t memory; /* bytes resident; 0: not known */
	double cpu;     /* percent of one CPU between the last two; negative: not known */
};

struct usage_stat {      /* no number is negative */
	int64_t ticks;   /* of CPU that the process has used */
	int64_t memory;  /* bytes resident */
	int64_t started; /* in ticks since boot */
};

/* Parses the content of /proc/PID/stat.  Returns false where it is not what the kernel writes. */
bool usage_parse(const char *text, struct usage_stat *stat);

/* Measures the process; another pid than before starts afresh. */
void usage_measure(struct usage *usage, pid_t pid, double now);

/* For how many seconds the process has run; 0: not known. */
double usage_age(pid_t pid);

#endif
