/*
 * process: what /proc says about one process, and whether it lives.  Any thread; nothing is kept
 * between two calls.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	char state; /* as in ps: 'R', 'S', 'Z'; '\0': /proc does not show the process */
	char comm[64];
	pid_t parent, group; /* group: its process group */
	pid_t session;
	uint64_t ticks; /* when it was started, in the kernel's ticks since boot */
};

/* Reads the start of a file of the kernel about a process, such as "cmdline" in the directory of the
 * process, and ends it with NUL.  directory: a descriptor, or AT_FDCWD.  Returns its length; or a negative
 * errno, with an empty text. */
ssize_t process_read_file(int directory, const char *name, char *text, size_t size);

/* Parses the content of /proc/PID/stat, and changes it.  Returns false where it is not what the
 * kernel writes. */
bool process_parse(char *text, struct process *process);

/* Reads /proc/PID/stat.  Returns 0, also where /proc does not show the process because it has gone
 * or belongs to another user (hidepid); or a negative errno where vigild itself lacks descriptors or
 * memory. */
int process_read(pid_t pid, struct process *process);

/* Whether the process lives; a zombie does not.  Returns 1, 0, or a negative errno where vigild itself
 * lacks descriptors or memory.  What /proc says of the process goes to process. */
int process_look(pid_t pid, struct process *process);

/* The kernel's ticks since boot, as in struct process. */
uint64_t process_ticks_now(void);

/* Whether the process lives; a zombie does not.  True where vigild could not look. */
bool process_lives(pid_t pid);

#endif
