/*
 * spool: results that wait to be sent, on disk, in order.
 *
 * Two files, FILE and FILE.old, hold a line each.  New lines go to FILE; when it is full it
 * becomes FILE.old, and what FILE.old still held is dropped: so there is a bound, and at least
 * half of it is kept.  Nothing is fsynced: a crash of vigild loses nothing, one of the machine the
 * last seconds.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stddef.h>
#include <stdint.h>

struct spool;

/* size_max: of both files together.  What they hold from before is there to be sent, again if
 * vigild was killed before it knew that it had been.  NULL and errno. */
struct spool *spool_open(const char *path, int64_t size_max);
void spool_close(struct spool *spool);

/* Appends a line, which holds no end of line.  0 or -errno; what cannot be written is lost. */
int spool_put(struct spool *spool, const char *line);
/* The first line, lent until the next call; NULL: none waits. */
const char *spool_first(struct spool *spool);
/* Which one that is: what gives way meanwhile makes another the first. */
uint64_t spool_number(const struct spool *spool);
/* The first has been sent, or is not worth it. */
void spool_drop_first(struct spool *spool);

/* Lines that wait, and those that had to give way since the start. */
size_t spool_waiting(const struct spool *spool);
uint64_t spool_dropped(const struct spool *spool);

#endif
