/*
 * spawn: starts processes, for the loop thread and for workers.  Only the console of vigild -C is
 * started by spawn_terminal instead.
 *
 * It uses posix_spawn, never fork.  The child leads its own session and process group.  All signals
 * have their default action and are unblocked.  Its working directory is / or the one that the
 * caller asks for.  It reads /dev/null or the given input.  It inherits none of vigild's
 * descriptors.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct run_group;

struct spawn {
	const char *const *argv;        /* with a slash: a path; else searched for in PATH */
	const char *program;            /* the file to execute; NULL: argv[0] */
	const char *const *environment; /* NAME=VALUE, see spawn_environment_new */
	bool other_user;                /* the child gets little of vigild's environment */
	const char *directory;          /* working directory; NULL: / */
	bool merge_stderr;              /* stderr goes to stdout; else to /dev/null */
	bool keep_stderr;               /* stderr has its own pipe; overrides merge_stderr */
	const char *input;              /* what the child reads; NULL: nothing */
	size_t input_length;
	/* The descriptor that becomes its stdin, such as a socket; 3 or more; the caller keeps it.
	 * 0: none. */
	int socket;
	/* The descriptor that becomes its descriptor 3; 0: none. */
	int page;
	/* The control group that the child enters; NULL: vigild's own.  NULL for a child that may
	 * start a service. */
	const struct run_group *group;
};

/* Starts a process.  *out: the read end of its stdout, non-blocking and close-on-exec.  *errors:
 * the same for its stderr with keep_stderr, else -1; may be NULL without keep_stderr.  *pidfd:
 * readable when the process has ended.  The caller closes these descriptors and reaps the pid.
 *
 * Returns the pid, or -errno.  ENOENT: the program, its interpreter or the directory does not
 * exist.  EACCES: no permission to execute it.  ENOEXEC: it is not a program; a script without a #!
 * line is not run by a shell.  EOPNOTSUPP: the kernel has no pidfds.  When error_is_own is true of
 * the error, vigild or the machine lacks descriptors, memory or processes. */
pid_t spawn_start(const struct spawn *spawn, int *out, int *errors, int *pidfd);

/* Sends TERM or KILL to the process group; -EINVAL for a group of 1 or less. */
int spawn_kill(pid_t group, int signo);

struct spawn_result {
	int status;     /* as from waitpid; meaningless when timed_out */
	bool timed_out; /* the deadline passed, before or after the start */
	bool truncated;
	size_t length;
	char output[4096]; /* the last bytes, NUL-terminated */
};

/* Runs a process to its end.  Blocks, so it is for workers.  Reads the output until the process
 * itself has ended, and does not wait for a grandchild that keeps stdout open.  At the deadline
 * (clock_now) the process group gets TERM, and KILL a second later.  What is left of the group is
 * killed when the process ends by itself.
 *
 * With spare_group only the process gets these signals, because a service that it has just started
 * may still be in its group and may write to the same stdout.
 *
 * Returns 0; -ECANCELED after spawn_cancel; or another -errno when the process could not be
 * started. */
int spawn_run(const struct spawn *spawn, uint64_t deadline, bool spare_group,
	struct spawn_result *result);

/* Reaps the processes that spawn_run could not end and that have ended since.  The next spawn_run
 * does this, too.  Any thread. */
void spawn_reap_detached(void);
/* Returns whether the pid is that of such a process.  Any thread. */
bool spawn_is_detached(pid_t pid);

/* For the stop of vigild, on the loop thread: each spawn_run without spare_group ends its process
 * group and returns, and no new run starts.  Runs with spare_group continue to their own end. */
void spawn_cancel(void);
/* The same, and waits for the runs that it ends: at most two seconds, the time from TERM until a
 * process is given up. */
void spawn_cancel_wait(void);

#endif
