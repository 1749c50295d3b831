/*
 * process: reads the state of a process from /proc, and finds out whether it lives.
 *
 * The functions may be called on any thread.  They keep no data between two calls.
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
	uint64_t ticks; /* start time, in the kernel's clock ticks since boot */
};

/* Reads the start of a kernel file about a process, such as "cmdline" in the directory of the
 * process, and adds a NUL.  directory: a descriptor, or AT_FDCWD.  Returns the length; or a
 * negative errno, with an empty text. */
ssize_t process_read_file(int directory, const char *name, char *text, size_t size);

/* Parses the content of /proc/PID/stat, which it modifies.  Returns false when the format is not
 * that of the kernel. */
bool process_parse(char *text, struct process *process);

/* Reads /proc/PID/stat.  Returns 0, also when /proc does not show the process because it has ended
 * or belongs to another user (hidepid).  Returns a negative errno when vigild itself lacks
 * descriptors or memory. */
int process_read(pid_t pid, struct process *process);

/* Returns how a process has ended that its parent has not reaped, as from waitpid.  0: its exit
 * status is 0, or the kernel does not tell it to this user.  -ESRCH: it is no zombie. */
int process_zombie_status(pid_t pid);

/* Returns 1 when the process lives, 0 when it does not (a zombie does not), or a negative errno
 * when vigild itself lacks descriptors or memory.  Fills *process from /proc. */
int process_look(pid_t pid, struct process *process);

/* Returns the current time in the kernel's clock ticks since boot, as in struct process. */
uint64_t process_ticks_now(void);

/* Returns whether the process lives; a zombie does not.  Returns true when vigild cannot find
 * out. */
bool process_lives(pid_t pid);

#endif
