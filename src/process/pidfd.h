/*
 * watch: the moment a process ends, as an event on the loop, without being its parent.
 */
#ifndef PIDFD_H
#define PIDFD_H

#include <sys/types.h>

struct loop;
struct pidfd_watch;

/* Told once, when the process has ended; the watch is then to be closed.  Never inside
 * pidfd_watch_open: a process that is already gone is told of from the loop. */
typedef void pidfd_watch_fn(void *arg);

/* NULL and errno: no descriptor to be had, or a kernel without pidfds (before 5.3). */
struct pidfd_watch *pidfd_watch_open(struct loop *loop, pid_t pid, pidfd_watch_fn *fn, void *arg);
void pidfd_watch_close(struct pidfd_watch *watch);

pid_t pidfd_watch_pid(const struct pidfd_watch *watch);

#endif
