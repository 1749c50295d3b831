/*
 * session_end: ends what a child has left in its session.
 *
 * A plugin that leaves a process behind at each run fills the machine, or the limit of tasks of
 * vigild's unit, and then no restart script can be started.  Each child leads a session of its own, so
 * what it left behind is found by that: within a second of its end all processes of its session get
 * KILL.  A process that has begun a session of its own, as a daemon does, is not found and goes on: this
 * is for the machines on which run_group cannot make control groups.
 */
#ifndef SESSION_END_H
#define SESSION_END_H

#include <stdint.h>
#include <sys/types.h>

struct loop;

/* The leader of a session has ended and is about to be reaped.  owner: in whose name it is logged that
 * something was left behind; copied. */
void session_end(struct loop *loop, pid_t session, const char *owner);
/* Ends what is left of all sessions at once, and forgets them, before the loop is freed. */
void session_end_stop(void);

#endif
