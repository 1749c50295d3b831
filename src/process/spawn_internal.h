/*
 * spawn_internal: the function of spawn.c, which starts processes, that spawn_run.c calls.
 */
#ifndef SPAWN_INTERNAL_H
#define SPAWN_INTERNAL_H

#include "process/spawn.h"

/* Does the same as spawn_start, but the caller gets both ends of the pipe; ends[1] is the child's
 * end.  With lasting, the child's end is open for reading, too. */
pid_t spawn_start_piped(const struct spawn *spawn, bool lasting, int ends[2], int *pidfd);

#endif
