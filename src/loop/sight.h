/*
 * sight: the moment a process ends, as an event on the loop, without being its parent.
 */
#ifndef SIGHT_H
#define SIGHT_H

#include <sys/types.h>

struct loop;
struct sight;

/* Told once, when the process has ended; the sight is then to be closed.  Never inside
 * sight_open: a process that is already gone is told of from the loop. */
typedef void sight_fn(void *arg);

/* NULL and errno: no descriptor to be had, or a kernel without pidfds (before 5.3). */
struct sight *sight_open(struct loop *loop, pid_t pid, sight_fn *fn, void *arg);
void sight_close(struct sight *sight);

pid_t sight_pid(const struct sight *sight);

#endif
