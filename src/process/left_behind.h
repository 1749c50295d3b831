/*
 * left_behind: logs and counts the processes that programs leave behind and that vigild kills.
 */
#ifndef LEFT_BEHIND_H
#define LEFT_BEHIND_H

#include <stdint.h>
#include <sys/types.h>

/* Counts the killed processes and logs one of them, with its pid and its name (comm).  Logs at most
 * once in ten minutes for all owners together.  owner: a daemon, or the program of a run that has
 * no daemon.  NULL: an earlier vigild left them; this is always logged.  Loop thread only. */
void left_behind_note(const char *owner, pid_t pid, const char *comm, uint64_t count);
/* Returns how many processes have been killed since the start. */
uint64_t left_behind_count(void);

#endif
