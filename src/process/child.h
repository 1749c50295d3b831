/*
 * child: a process as events on the loop.
 *
 * For what the loop thread starts itself: checks and their like.  Its end, its output and its
 * deadline each come as an event; nothing here ever waits.  (What a worker runs, it runs with
 * spawn_run.)
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

/* Called once, from the loop: the child has been reaped, or was given up because it still exists a
 * second after KILL; then it is reaped later.  It may be freed in there. */
typedef void child_exit_fn(struct child *child, const vigil_child_exit *e, void *arg);
/* A line without its end, NUL-terminated.  The child may be freed in there. */
typedef void child_line_fn(struct child *child, const char *line, size_t length, void *arg);

/* Called at the deadline, when TERM has been sent; on_exit follows.  The child may be freed in there. */
typedef void child_late_fn(struct child *child, void *arg);

/* Called when it has closed its stdout.  The child may be freed in there. */
typedef void child_eof_fn(struct child *child, void *arg);

#define CHILD_OUTPUT (64 * 1024) /* the usual output_max */

struct child_spec {
	struct spawn spawn;        /* what it points to is needed during the call only */
	const struct run_as *user; /* NULL: the host's own; likewise */
	uint64_t timeout;          /* ns; 0: none */
	size_t output_max;         /* 0: CHILD_OUTPUT */
	child_line_fn *on_line;    /* NULL: output is gathered for on_exit */
	child_late_fn *on_late;    /* NULL: nobody wants to know */
	child_eof_fn *on_eof;      /* likewise */
	child_exit_fn *on_exit;    /* required */
	void *arg;
	bool end_session;  /* what it leaves in its session ends with it */
	const char *owner; /* for child_given_up; copied; NULL: none */
};

/* Starts it.  0 and *child, which the caller frees; or -errno as spawn_start, and nothing will
 * be told. */
int child_start(struct loop *loop, const struct child_spec *spec, struct child **child);
/* One that still runs is let go of: nothing more is told, its group is ended as by child_terminate,
 * and it is reaped when it has. */
void child_free(struct child *child);

pid_t child_pid(const struct child *child);
/* The pid of a child of that owner which was given up and still exists; 0: there is none. */
pid_t child_given_up(const char *owner);
/* Whether that is the pid of a child that was started here and has not been reaped. */
bool child_is_own(pid_t pid);
/* TERM to its group, KILL two seconds later; on_exit follows.  Once is enough. */
void child_terminate(struct child *child);

/* At stop.  Calls done from the loop once none is left of those let go of, or when they have
 * had the time that ending takes. */
int child_drain(struct loop *loop, void (*done)(void *arg), void *arg);
/* KILLs and reaps what is left of them, before the loop is freed. */
void child_kill_detached(void);
/* At an end in haste, without memory and without the loop: TERM to the groups of all that run, and
 * after a second at most KILL.  Nothing is told, and nobody is reaped. */
void child_terminate_all(void);

#endif
