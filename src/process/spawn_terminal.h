/*
 * spawn_terminal: starts the only child that shares vigild's session and terminal.
 */
#ifndef SPAWN_TERMINAL_H
#define SPAWN_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

/* Starts a program with vigild's session, process group, working directory and standard
 * descriptors.  fd becomes its descriptor 3.  argv[0] must be a path.  Returns the pid, or -errno.
 * The caller reaps it with spawn_terminal_reap. */
pid_t spawn_terminal_start(const char *const *argv, int fd);
/* Reaps the child, which has ended.  Returns the status as waitpid does. */
int spawn_terminal_reap(pid_t pid);
/* Returns whether the pid is that of such a child that has not been reaped. */
bool spawn_terminal_is_own(pid_t pid);

#endif
