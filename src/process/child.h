/*
 * child: runs a process from the loop, without blocking.
 *
 * The loop thread uses this for its own processes, such as checks.  The end of the process, its
 * output and its deadline are events that call the functions in struct child_spec.  Workers use
 * spawn_run instead.  All functions belong to the loop thread.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vigil/vigil.h>

#include "process/spawn.h"

struct child;
struct loop;
struct run_as;

/* Called once, when the child has been reaped, or when it is given up because it still exists a
 * second after KILL; it is then reaped later.  The callback may free the child. */
typedef void child_exit_fn(struct child *child, const vigil_child_exit *e, void *arg);
/* Called for a line, without its newline and NUL-terminated.  The callback may free the child. */
typedef void child_line_fn(struct child *child, const char *line, size_t length, void *arg);

/* Called at the deadline, when TERM has been sent; on_exit follows.  The callback may free the
 * child. */
typedef void child_late_fn(struct child *child, void *arg);

/* Called when the child has closed its stdout.  The callback may free the child. */
typedef void child_eof_fn(struct child *child, void *arg);

/* Called when the child has written to stderr, at most once a second, with the last part of all
 * that it has written.  The callback may free the child. */
typedef void child_errors_fn(struct child *child, const char *errors, void *arg);

#define CHILD_OUTPUT (64 * 1024) /* bytes; the default of output_max */

struct child_spec {
	struct spawn spawn;         /* borrowed during child_start only */
	const struct run_as *user;  /* likewise; NULL: vigild's own user */
	uint64_t timeout;           /* ns; 0: none */
	size_t output_max;          /* bytes; 0: CHILD_OUTPUT */
	child_line_fn *on_line;     /* NULL: the output is collected for on_exit */
	child_late_fn *on_late;     /* NULL: none */
	child_eof_fn *on_eof;       /* NULL: none */
	child_errors_fn *on_errors; /* NULL: none; needs keep_stderr */
	child_exit_fn *on_exit;     /* required */
	void *arg;
	bool end_session;  /* processes that it leaves behind are killed when it has ended */
	const char *owner; /* for child_given_up and the log; copied; NULL: none */
};

#define CHILD_MARK 64

/* Starts only the process of a child, as the user and in the control group that the spec asks for,
 * otherwise as spawn_start.  With end_session, the environment has a variable VIGIL_RUN that no
 * other child has; it is written to mark, which may be NULL otherwise.  *group: the control group
 * that was created for it.  The caller ends it with run_group_end, also when the start fails.
 * NULL: there is none. */
pid_t child_launch(const struct child_spec *spec, char mark[CHILD_MARK], struct run_group **group,
	int *out, int *errors, int *pidfd);
/* Starts a child.  Returns 0 and *child, which the caller frees; or -errno as spawn_start, and then
 * no callback is called. */
int child_start(struct loop *loop, const struct child_spec *spec, struct child **child);
/* Frees the child.  If it still runs, its process group is ended as by child_terminate, no callback
 * is called any more, and the process is reaped when it has ended. */
void child_free(struct child *child);

/* Calls fn for each child that is started (running) or reaped.  NULL: no longer. */
typedef void child_observer_fn(pid_t pid, bool running);
void child_observe(child_observer_fn *fn);

pid_t child_pid(const struct child *child);
/* Returns the pid of a child of that owner that was given up and still exists; 0: there is none. */
pid_t child_given_up(const char *owner);
/* Returns whether the pid is that of a child that has not been reaped. */
bool child_is_own(pid_t pid);
/* Sends TERM to the process group, and KILL two seconds later; on_exit follows.  A second call does
 * nothing. */
void child_terminate(struct child *child);

/* For the stop of vigild; called once.  Calls done from the loop when all freed children have been
 * reaped, at the latest after three seconds, the time from TERM until a child is given up. */
void child_drain(struct loop *loop, void (*done)(void *arg), void *arg);
/* Sends KILL to the freed children that still run, and reaps them.  Called before the loop is
 * freed. */
void child_kill_detached(void);
/* For an emergency stop, because it needs neither memory nor the loop.  Sends TERM to the process
 * groups of all children, and KILL after a second at most.  Calls no callback and reaps no
 * process. */
void child_terminate_all(void);

#endif
