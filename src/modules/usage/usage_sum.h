/*
 * usage_sum: sums over the processes of a service.
 */
#ifndef USAGE_SUM_H
#define USAGE_SUM_H

#include "usage_group.h"

/* One measurement of all processes. Initialize with zeros and the values that are known. */
struct usage_sum {
	struct usage_values values;
	struct usage_members found; /* the processes */
	bool scanned;   /* their CPU time and threads are known from a scan, see usage_tree.h */
	unsigned sums;  /* the numbers that are summed; USAGE_MEMORY and so on */
	bool io;        /* so is the I/O */
	int64_t ticks;  /* CPU time, with that of children that have ended; -1: not known */
	int64_t shared; /* the largest shared memory of a process */
	size_t next;    /* the process to read next */
	struct usage_files files;
	char why[96]; /* why a number is not known; "": no reason */
};

/* Chooses what is summed: the numbers in `what` that are not known yet. */
void usage_sum_choose(struct usage_sum *sum, unsigned what);
/* /proc does not show the main process, although it lives: nothing is summed, and the numbers are
 * not known. */
void usage_sum_hide(struct usage_sum *sum, pid_t pid);
/* Reads a limited number of processes. Returns whether all of them have been read. */
bool usage_sum_some(struct usage_sum *sum);
void usage_sum_free(struct usage_sum *sum);

/* The CPU time of the processes of a service since its first measurement. Initialize with zeros. */
struct usage_spent {
	bool known;
	int64_t total; /* clock ticks */
	int64_t ticks; /* the sum over its processes at the last measurement */
	struct usage_members members;
};
/* Adds what the processes have used since the last measurement, and takes over the list of them. */
void usage_spent_add(struct usage_spent *spent, struct usage_sum *sum);
void usage_spent_reset(struct usage_spent *spent);

#endif
