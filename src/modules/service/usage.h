/*
 * usage: what a process takes of the machine: memory now, CPU since the last look.
 */
#ifndef USAGE_H
#define USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
	pid_t pid;
	double when;         /* of the last look; 0: none */
	unsigned long ticks; /* of CPU by then */
	int64_t memory;      /* bytes resident; 0: not known */
	double cpu; /* percent of one CPU between the last two looks; negative: not known */
};

/* Looks at the process; another pid than before begins anew. */
void usage_look(struct usage *usage, pid_t pid, double now);

#endif
