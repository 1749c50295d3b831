/*
 * proc: parses the files that the kernel provides below /proc.
 *
 * The functions are pure. Each value is checked separately: a missing or invalid line, as in
 * containers and old kernels, only affects the values that are computed from it. A function returns
 * NULL if it has determined the value. Otherwise it returns the reason, a constant text that fits
 * after "cannot be judged: ".
 */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stdint.h>

struct proc_load { /* /proc/loadavg */
	double one, five, fifteen;
};
const char *proc_load(const char *text, struct proc_load *load);

struct proc_tasks { /* numbers of processes and threads, also from /proc/loadavg */
	long running, total;
};
const char *proc_tasks(const char *text, struct proc_tasks *tasks);

struct proc_room { /* bytes */
	uint64_t total, available;
};
const char *proc_memory(const char *text, struct proc_room *memory); /* /proc/meminfo */
const char *proc_swap(const char *text, struct proc_room *swap);

struct proc_cpu { /* the first line of /proc/stat, in clock ticks of all CPUs */
	uint64_t user, system, iowait, steal, idle;
	long cpus;    /* 0: there is no line for each CPU */
	long blocked; /* -1: unknown */
};
const char *proc_cpu(const char *text, struct proc_cpu *cpu);

struct proc_cpu_share { /* percent of the time between two readings */
	double busy, user, system, iowait, steal;
};
const char *proc_cpu_share(
	const struct proc_cpu *before, const struct proc_cpu *now, struct proc_cpu_share *share);

struct proc_files { /* /proc/sys/fs/file-nr */
	uint64_t open, max;
};
const char *proc_files(const char *text, struct proc_files *files);

const char *proc_uptime(const char *text, double *seconds); /* /proc/uptime */

struct proc_disk { /* the values of statvfs(3) for one file system */
	uint64_t block, blocks, free, available, files, files_free;
};
struct proc_usage {
	uint64_t total, available; /* bytes */
	double used;               /* percent, computed as in df */
};
const char *proc_usage(const struct proc_disk *disk, struct proc_usage *usage);
/* *has is false if the file system has no inode table; the function then also returns NULL. */
const char *proc_inodes(const struct proc_disk *disk, bool *has, double *used);

/* Returns 100 * part / whole, rounded to one decimal place; whole is not 0. */
double proc_percent(double part, double whole);

#endif
