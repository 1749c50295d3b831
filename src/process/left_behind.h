/*
 * left_behind: what is logged and counted of the processes that programs have left behind.
 */
#ifndef LEFT_BEHIND_H
#define LEFT_BEHIND_H

#include <stdint.h>
#include <sys/types.h>

/* So many processes were left behind by a program of owner and are killed; the first one's pid and name.
 * Logged at most once in ten minutes.  owner: a daemon, or the program where it is nobody's; NULL: an
 * earlier vigild, of which every line is logged.  The loop's thread only. */
void left_behind_note(const char *owner, pid_t pid, const char *comm, uint64_t count);
/* How many have been killed since the start. */
uint64_t left_behind_count(void);

#endif
