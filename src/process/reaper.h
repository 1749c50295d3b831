/*
 * reaper: reaps orphaned processes when vigild is process 1 of a container or of a PID namespace.
 * The kernel makes orphans the children of process 1.  They are services that scripts have started,
 * and the children of those.
 */
#ifndef REAPER_H
#define REAPER_H

struct loop;
struct reaper;

/* Reaps the existing orphans and later ones.  Must be called on the main thread of the process,
 * because the kernel makes orphans the children of that thread.  Returns NULL and sets errno on
 * failure. */
struct reaper *reaper_new(struct loop *loop);
void reaper_free(struct reaper *reaper);

#endif
