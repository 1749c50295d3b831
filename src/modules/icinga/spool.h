/*
 * spool: lines that wait to be sent, on disk, in order.
 *
 * Two files, FILE and FILE.old, hold the lines.  New lines go to FILE.  When FILE is full it becomes
 * FILE.old, and the lines that the former FILE.old still held are dropped and counted.  So the size is
 * bounded, and at least the newer half of it is kept.  Nothing is fsynced: a crash of vigild loses no
 * line, a crash of the machine loses the last seconds.
 *
 * Several lines may be in flight at the same time, and they may be answered in any order.  The first
 * lines are read ahead into memory for that, within a bound.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stddef.h>
#include <stdint.h>

struct spool;

struct spool_entry {
	const char *line;
	void *data; /* the caller's; NULL at first, freed with free when the entry is freed */
};

/* size_max: of both files together.  Lines that the files hold from before wait again; those that an
 * earlier vigild sent just before it was killed are sent a second time.  Returns NULL and sets
 * errno. */
struct spool *spool_open(const char *path, int64_t size_max);
void spool_close(struct spool *spool);

/* Appends a line, which must not contain an end of line.  Returns 0 or -errno; -E2BIG: the line is
 * longer than 1 MiB or than half of size_max. */
int spool_put(struct spool *spool, const char *line);

/* Whether a line could be put now: 0 or -errno. */
int spool_probe(struct spool *spool);

/* The next line after `after` that waits and is not in flight; after NULL: the first one.  NULL: there
 * is none among the lines that were read ahead.  The entry is valid until the next spool_put,
 * spool_done or spool_again, unless it is taken. */
struct spool_entry *spool_next(struct spool *spool, const struct spool_entry *after);
/* The entry is in flight now.  It is valid until spool_done or spool_again. */
void spool_take(struct spool *spool, struct spool_entry *entry);
/* The entry was sent, or is not worth it. */
void spool_done(struct spool *spool, struct spool_entry *entry);
/* The entry was not sent, and waits again at its place. */
void spool_again(struct spool *spool, struct spool_entry *entry);
/* The oldest entry that is not done, in flight or not; NULL: there is none. */
struct spool_entry *spool_oldest(struct spool *spool);

/* Lines that wait or are in flight, and lines that were dropped since spool_open. */
size_t spool_waiting(const struct spool *spool);
uint64_t spool_dropped(const struct spool *spool);

#endif
