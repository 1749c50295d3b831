/*
 * usage_process: reads what one process uses, from /proc.
 *
 * All files are made by the kernel in memory, and reading them does not wait for the process. That
 * is why smaps_rollup is not read: it waits for a lock that a process may hold for long.
 */
#ifndef USAGE_PROCESS_H
#define USAGE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct usage_stat { /* no number is negative */
	pid_t parent, group, session;
	int64_t own;     /* CPU time of the process, in clock ticks */
	int64_t reaped;  /* the same of its children that have ended and that it has waited for */
	int64_t threads; /* number of threads */
	int64_t started; /* start time in clock ticks since boot */
};

/* A process of a service, as seen at a measurement. */
struct usage_member {
	pid_t pid;
	int64_t started, own; /* as in struct usage_stat */
};
struct usage_members {
	struct usage_member *list; /* freed with usage_members_free */
	size_t count, size;
	bool cut; /* there are more than USAGE_MEMBERS_MAX processes */
};
#define USAGE_MEMBERS_MAX 65536

/* Processes beyond USAGE_MEMBERS_MAX are left out. */
void usage_members_add(struct usage_members *members, struct usage_member member);
void usage_members_free(struct usage_members *members);

/* Sets the directory in which /proc and /sys are; "": the root. The text is borrowed. For tests. */
void usage_process_root(const char *root);
/* Writes the path below that directory. Returns false if it is too long. */
bool usage_process_path(char *path, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Reads the start of a file of the kernel and adds a NUL. directory: a descriptor, or AT_FDCWD.
 * Returns the length or -errno. */
ssize_t usage_process_file(int directory, const char *name, char *text, size_t size);

/* Parses the content of /proc/PID/stat. Returns false if the format is not the kernel's. */
bool usage_process_parse(const char *text, struct usage_stat *stat);
/* Returns 0 or -errno. usage_process_has_ended says whether /proc does not show the process. */
int usage_process_stat(pid_t pid, struct usage_stat *stat);
/* Returns for how many seconds the process has run; 0: not known. */
double usage_process_age(pid_t pid);

/* Returns whether the process lives although /proc does not show it. */
bool usage_process_is_hidden(pid_t pid);

/* Returns the number in the line "KEY: NUMBER" of a file of the kernel. key: with its ":". -1: there
 * is none, or it is out of range. */
int64_t usage_process_number(const char *text, const char *key);

/* The functions below return 0; an error for which usage_process_has_ended returns true; or another
 * -errno, such as -EACCES. */
bool usage_process_has_ended(int err);

/* memory: private memory in bytes. shared: shared memory that is no file. */
int usage_process_memory(pid_t pid, int64_t *memory, int64_t *shared);
/* Reads what the process and the children that it has waited for have read and written on disks. */
int usage_process_io(pid_t pid, int64_t *read_bytes, int64_t *written);
int usage_process_threads(pid_t pid, int64_t *threads);

/* Counts open descriptors. Linux 6.2 tells their number; before, they are counted one by one, in
 * parts. Initialize with zeros. */
struct usage_files {
	void *dir; /* NULL: no count is in progress */
	int64_t count;
};
/* Continues the count for one process. Subtracts what it has done from *budget and returns 1 if
 * there is more to count. */
int usage_process_files(struct usage_files *files, pid_t pid, int *budget);
void usage_files_close(struct usage_files *files);

#endif
