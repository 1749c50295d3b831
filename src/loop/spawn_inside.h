/*
 * spawn_inside: what spawn.c, which starts processes, does for spawn_run.c, which sees them through.
 */
#ifndef SPAWN_INSIDE_H
#define SPAWN_INSIDE_H

#include "loop/spawn.h"

/* As spawn_start, but the caller gets both ends of the pipe, the child's end in ends[1].  With
 * lasting that is open for reading too. */
pid_t spawn_start_piped(const struct spawn *spawn, bool lasting, int ends[2], int *pidfd);

#endif
