/*
 * left_behind: logs and counts the processes that programs leave behind and that vigild kills, and
 * tells their owners.  All functions belong to the loop thread.
 */
#ifndef LEFT_BEHIND_H
#define LEFT_BEHIND_H

#include <stdint.h>
#include <sys/types.h>

struct left_behind_watch;
struct loop;

/* Counts the killed processes and logs one of them, with its pid and its name (comm).  Logs at most
 * once in ten minutes for all owners together.  owner: a daemon, or the program of a run that has
 * no daemon.  NULL: an earlier vigild left them; this is always logged.  Calls no callback, because
 * the caller may hold a lock. */
void left_behind_note(const char *owner, pid_t pid, const char *comm, uint64_t count);
/* Returns how many processes have been killed since the start. */
uint64_t left_behind_count(void);

/* pid, comm: one of the killed processes; comm is borrowed for the call.  The callback may free the
 * watch. */
typedef void left_behind_fn(pid_t pid, const char *comm, uint64_t count, void *arg);

/* Calls fn from the loop after processes of this owner were killed. */
struct left_behind_watch *left_behind_watch(
	struct loop *loop, const char *owner, left_behind_fn *fn, void *arg);
void left_behind_unwatch(struct left_behind_watch *watch);

#endif
