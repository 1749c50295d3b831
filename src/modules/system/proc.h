/*
 * proc: what the kernel says of itself, taken apart.
 *
 * Pure functions on the texts of files below /proc; each returns false where a text is not what
 * it should be.
 */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proc_load { /* /proc/loadavg */
	double one, five, fifteen;
	long running, total; /* of processes and threads */
};
bool proc_load(const char *text, struct proc_load *load);

struct proc_memory { /* /proc/meminfo, in bytes */
	uint64_t total, available, swap_total, swap_free;
};
bool proc_memory(const char *text, struct proc_memory *memory);

struct proc_cpu { /* the first line of /proc/stat, in ticks of all CPUs */
	uint64_t user, system, iowait, steal, idle;
	long cpus, blocked;
};
bool proc_cpu(const char *text, struct proc_cpu *cpu);

struct proc_files { /* /proc/sys/fs/file-nr */
	uint64_t open, max;
};
bool proc_files(const char *text, struct proc_files *files);

bool proc_uptime(const char *text, double *seconds); /* /proc/uptime */

struct proc_mount { /* a line of /proc/self/mounts */
	char *device, *point, *type;
};
/* Takes the text apart in place, the mount points unescaped: so many, in the order of mounting. */
size_t proc_mounts(char *text, struct proc_mount *mounts, size_t most);
/* Whether a file system of that type lies on this machine: asking one that does not may wait for
 * ever for a server that is gone. */
bool proc_is_local(const char *type);
/* Whether asking the mount at index may wait: for itself, or for one that the path to it leads over.  A
 * disk below a network's directory is not to be reached without the network. */
bool proc_may_wait(const struct proc_mount *mounts, size_t count, size_t index);
/* Whether it is there to keep files, and not made up by the kernel. */
bool proc_is_disk(const char *type);

#endif
