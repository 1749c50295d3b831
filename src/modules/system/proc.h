/*
 * proc: parses the texts that the kernel provides below /proc.
 *
 * The functions are pure.  Each value is judged by itself: a line that is missing or odd, as containers
 * and old kernels have them, makes unknown only what is computed from it.  Where a function cannot
 * tell a value it returns the reason, a text that fits after "cannot be judged: "; NULL means that the
 * value is known.
 */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proc_load { /* /proc/loadavg */
	double one, five, fifteen;
};
const char *proc_load(const char *text, struct proc_load *load);

struct proc_tasks { /* of processes and threads, /proc/loadavg too */
	long running, total;
};
const char *proc_tasks(const char *text, struct proc_tasks *tasks);

struct proc_room { /* in bytes */
	uint64_t total, available;
};
const char *proc_memory(const char *text, struct proc_room *memory); /* /proc/meminfo */
const char *proc_swap(const char *text, struct proc_room *swap);

struct proc_cpu { /* the first line of /proc/stat, in ticks of all CPUs */
	uint64_t user, system, iowait, steal, idle;
	long cpus;    /* 0: there is no line for each */
	long blocked; /* -1: unknown */
};
const char *proc_cpu(const char *text, struct proc_cpu *cpu);

struct proc_cpu_share { /* in percent of the time between two readings */
	double busy, user, system, iowait, steal;
};
const char *proc_cpu_share(
	const struct proc_cpu *before, const struct proc_cpu *now, struct proc_cpu_share *share);

struct proc_files { /* /proc/sys/fs/file-nr */
	uint64_t open, max;
};
const char *proc_files(const char *text, struct proc_files *files);

const char *proc_uptime(const char *text, double *seconds); /* /proc/uptime */

struct proc_disk { /* what statvfs(3) says of one file system */
	uint64_t block, blocks, free, available, files, files_free;
};
struct proc_usage {
	uint64_t total, available; /* in bytes */
	double used;               /* percent, as df has it */
};
const char *proc_usage(const struct proc_disk *disk, struct proc_usage *usage);
/* *has is false where the file system has no table of inodes; NULL is returned then, too. */
const char *proc_inodes(const struct proc_disk *disk, bool *has, double *used);

/* 100 * part / whole, with one digit after the point; whole is not 0. */
double proc_percent(double part, double whole);

#endif
