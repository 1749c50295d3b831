/*
 * spawn_internal: what spawn.c, which starts processes, does for spawn_run.c, which sees them through.
 */
#ifndef SPAWN_INTERNAL_H
#define SPAWN_INTERNAL_H

#include "process/spawn.h"

/* As spawn_start, but the caller gets both ends of the pipe, the child's end in ends[1].  With
 * lasting that is open for reading too. */
pid_t spawn_start_piped(const struct spawn *spawn, bool lasting, int ends[2], int *pidfd);

#endif
