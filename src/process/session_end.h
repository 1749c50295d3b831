/*
 * session_end: kills the processes that a child leaves behind.
 *
 * A plugin that leaves a process behind at each run would use up the machine, or the task limit of
 * vigild's unit, and then no restart script could be started.  Each child leads its own session, so
 * the processes that it left behind are found by their session.  About a second after its end they
 * get KILL.  A process that has started a new session, as daemons do, is found by the mark in its
 * environment.  This is for machines on which run_group cannot create control groups.
 */
#ifndef SESSION_END_H
#define SESSION_END_H

#include <stdint.h>
#include <sys/types.h>

/* The beginning of a mark: the variable that each child with end_session gets. */
#define SESSION_MARK "VIGIL_RUN="

struct loop;

/* Call this when the leader of a session has ended and has not been reaped yet.  owner: the daemon
 * for the log.  mark: the entry in the environment of the leader; "": none.  began: when the leader
 * was started, as process_ticks_now.  The texts are copied. */
void session_end(
	struct loop *loop, pid_t session, const char *owner, const char *mark, uint64_t began);
/* Kills what is left of all sessions now and frees all data.  Called before the loop is freed. */
void session_end_stop(void);

#endif
