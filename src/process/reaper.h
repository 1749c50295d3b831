/*
 * reaper: as process 1 of a container or a PID namespace, vigild reaps the orphans that the kernel
 * hands to it: services that scripts have started, and their children.
 */
#ifndef REAPER_H
#define REAPER_H

#include <sys/types.h>

struct loop;
struct reaper;

/* Reaps orphans from now on, and those that are there.  To be called on the first thread of the
 * process, because the kernel makes orphans the children of that thread.  NULL and errno. */
struct reaper *reaper_new(struct loop *loop);
void reaper_free(struct reaper *reaper);

#endif
