/*
 * pidfd: calls a function when a process ends that need not be a child of vigild.
 */
#ifndef PIDFD_H
#define PIDFD_H

#include <sys/types.h>

struct loop;
struct pidfd_watch;

/* Called when the process has ended.  The callback must close the watch.  pidfd_watch_open itself
 * never calls it: when the process has already ended, the loop calls it. */
typedef void pidfd_watch_fn(void *arg);

/* Returns NULL and sets errno on failure: no descriptor is left, or the kernel has no pidfds
 * (before 5.3). */
struct pidfd_watch *pidfd_watch_open(struct loop *loop, pid_t pid, pidfd_watch_fn *fn, void *arg);
void pidfd_watch_close(struct pidfd_watch *watch);

pid_t pidfd_watch_pid(const struct pidfd_watch *watch);

#endif
