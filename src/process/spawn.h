/*
 * spawn: one way to start a process, for the loop and for workers; only the console of vigild -C is
 * started by spawn_terminal.
 *
 * posix_spawn only, never a bare fork.  The child leads a session and a process group of its own, has every
 * signal at its default and unblocked, / (or a directory asked for) to stand in, /dev/null (or
 * what it was given) to read, and none of the host's descriptors.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct run_group;

struct spawn {
	const char *const *argv;        /* argv[0] with a slash is a path, else looked up in PATH */
	const char *program;            /* the file to execute; NULL: as argv[0] says */
	const char *const *environment; /* NAME=VALUE, as spawn_environment_new */
	bool other_user;                /* it gets little of our environment, and no keys of ours */
	const char *directory;          /* NULL: / */
	bool merge_stderr;              /* stderr joins stdout; else /dev/null */
	bool keep_stderr;               /* stderr has a pipe of its own; wins over merge_stderr */
	const char *input;              /* what it reads; NULL: nothing */
	size_t input_length;
	/* Through which it enters a control group; NULL: it stays in ours.  Not where it may start a service. */
	const struct run_group *group;
};

/* Starts it.  *out: the read end of its stdout, non-blocking and close-on-exec.  *errors: the same of
 * its stderr with keep_stderr, else -1; may be NULL without.  *pidfd: readable when it has ended.  Returns the pid, or -errno: ENOENT no such program, interpreter
 * or directory, EACCES it may not be executed, ENOEXEC it is no program (a script without a #!
 * line is none: no shell is tried); where error_is_own says so, vigild or the machine lacks
 * descriptors, memory or processes.  The caller closes them and reaps the pid. */
pid_t spawn_start(const struct spawn *spawn, int *out, int *errors, int *pidfd);

/* TERM or KILL to the group; never to a pid of 1 or less. */
int spawn_kill(pid_t group, int signo);

struct spawn_result {
	int status;     /* as waitpid gives it; meaningless when timed_out */
	bool timed_out; /* the deadline passed: TERM to the group, KILL a second later */
	bool truncated;
	size_t length;
	char output[4096]; /* the last that fits, NUL-terminated */
};

/* Runs it to its end, blocking: for workers.  Output is read until the process itself has
 * ended, so a grandchild that keeps stdout open is not waited for.  At the deadline (clock_now)
 * the group is ended, and what is left of it when the process ends by itself; or with spare_group
 * the process alone: a service that it just started may still be in its group, and may go on
 * writing to the stdout it was started with.  0,
 * -ECANCELED after spawn_cancel, or another -errno when it could not be started. */
int spawn_run(const struct spawn *spawn, uint64_t deadline, bool spare_group,
	struct spawn_result *result);

/* A process that spawn_run could not end is reaped once it has ended: by the next spawn_run, or here.
 * Any thread. */
void spawn_reap_detached(void);
/* Whether that is the pid of such a process.  Any thread. */
bool spawn_is_detached(pid_t pid);

/* From the loop thread, at stop: every spawn_run under way without spare_group ends its group
 * and returns, and no new one begins.  Those with spare_group run on to their own end. */
void spawn_cancel(void);
/* The same, and waits for those that it ends, at most as long as ending takes. */
void spawn_cancel_wait(void);

#endif
