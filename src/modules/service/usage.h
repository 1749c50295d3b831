/*
 * usage: what a process takes of the machine: memory now, CPU since the last measurement.
 */
#ifndef USAGE_H
#define USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
	pid_t pid;
	double when;         /* of the last measurement; 0: none */
	unsigned long ticks; /* of CPU by then */
	int64_t memory;      /* bytes resident; 0: not known */
	double cpu;          /* percent of one CPU between the last two; negative: not known */
};

/* Measures the process; another pid than before starts afresh. */
void usage_measure(struct usage *usage, pid_t pid, double now);

/* For how many seconds the process has run; 0: not known. */
double usage_age(pid_t pid);

#endif
