/*
 * spool: a queue on disk of lines that wait to be sent, in order.
 *
 * Two files, FILE and FILE.old, hold the lines.  New lines are appended to FILE.  When FILE is
 * full, it is renamed to FILE.old, and the lines that the previous FILE.old still held are dropped
 * and counted.  So the size is bounded, and at least the newer half of it is kept.  Nothing is
 * fsynced: a crash of vigild loses no line, a crash of the machine loses those of the last seconds.
 *
 * Several lines may be in flight at the same time, and may be answered in any order.  For that, the
 * first lines are read ahead into memory, up to a limit.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stddef.h>
#include <stdint.h>

struct spool;

struct spool_entry {
	const char *line;
	void *data; /* for the caller; NULL at first, freed with free when the entry is freed */
};

/* Opens the spool, or creates it.  size_max: bytes of both files together.  Lines that the files
 * hold already wait again.  If the previous vigild was killed, lines that it had sent are sent a
 * second time.  Returns NULL and sets errno on error. */
struct spool *spool_open(const char *path, int64_t size_max);
void spool_close(struct spool *spool);

/* Appends a line, which must not contain an end of line.  Returns 0 or -errno; -E2BIG: the line has
 * 1 MiB or more, or half of size_max or more. */
int spool_put(struct spool *spool, const char *line);

/* Returns 0 if a line could be put now, or -errno. */
int spool_probe(struct spool *spool);

/* Returns the next line after `after` that waits and is not in flight; after NULL: the first one.
 * NULL: there is none among the lines that were read ahead.  The entry is valid until the next
 * spool_put, spool_done or spool_again, unless it is taken. */
struct spool_entry *spool_next(struct spool *spool, const struct spool_entry *after);
/* Marks the entry as in flight.  It is valid until spool_done or spool_again. */
void spool_take(struct spool *spool, struct spool_entry *entry);
/* Removes an entry that is in flight, because it was answered or is invalid. */
void spool_done(struct spool *spool, struct spool_entry *entry);
/* Makes an entry that is in flight wait again, at its place in the order. */
void spool_again(struct spool *spool, struct spool_entry *entry);
/* Returns the oldest entry that is not done, in flight or not; NULL: there is none. */
struct spool_entry *spool_oldest(struct spool *spool);

/* Return the number of lines that wait or are in flight, and of lines that were dropped since
 * spool_open. */
size_t spool_waiting(const struct spool *spool);
uint64_t spool_dropped(const struct spool *spool);

#endif
