/*
 * spawn_terminal: the one child that shares vigild's session and terminal.
 */
#ifndef SPAWN_TERMINAL_H
#define SPAWN_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

/* Starts a program with vigild's session, process group, directory and standard descriptors, and with fd as
 * its descriptor 3.  argv[0] is a path.  Returns the pid, or -errno.  The caller reaps it with
 * spawn_terminal_reap. */
pid_t spawn_terminal_start(const char *const *argv, int fd);
/* Waits for its end, which has come.  The status as waitpid gives it. */
int spawn_terminal_reap(pid_t pid);
/* Whether that is the pid of such a child that has not been reaped. */
bool spawn_terminal_is_own(pid_t pid);

#endif
