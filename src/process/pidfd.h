/*
 * pidfd: calls a function when a process ends that need not be a child of vigild.
 */
#ifndef PIDFD_H
#define PIDFD_H

#include <stdbool.h>
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

/* Whether the process has ended, so that the callback is about to be called. */
bool pidfd_watch_has_ended(const struct pidfd_watch *watch);

/* Returns the pidfd, which the caller closes; -1: the watch has none.  Close the watch after
 * that. */
int pidfd_watch_take(struct pidfd_watch *watch);

/* Returns how the process ended, as from waitpid, also if it was no child of this process.
 * -EAGAIN: its parent has not reaped it yet.  Another negative errno: the kernel does not say
 * (before 6.15), or pidfd is -1. */
int pidfd_wait_status(int pidfd);

/* Whether the kernel has pidfds, which is so since Linux 5.3. */
bool pidfd_exists(void);

pid_t pidfd_watch_pid(const struct pidfd_watch *watch);

#endif
