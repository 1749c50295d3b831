/*
 * rotated: finds the files that a log was rotated into, by their names and by a bookmark, and reads
 * what a bookmark has not covered.
 *
 * The names are those that logrotate and similar programs make: LOG.1, LOG.1.gz, LOG-20261130,
 * LOG.old and, if the log has an extension, STEM-20261130.log and STEM.1.log, in the directory of
 * the log.
 */
#ifndef ROTATED_H
#define ROTATED_H

#include <stdbool.h>

#include "bookmark.h"
#include "content.h"

/* Returns whether `name` is that of a rotated file of the log `base`; both without directory. */
bool rotated_is(const char *base, const char *name);

/* Finds the file in which the bookmark of the log `path` is, and passes all lines of the files that
 * are newer; with `rest`, also those after the bookmark in that file. The log itself is left out.
 * Returns false if there is no such file. */
bool rotated_read(const char *path, const struct bookmark *mark, bool rest, struct content *c);
/* Opens the rotated file of the log `path` that is the very file of the bookmark, if it is not
 * compressed. Returns a descriptor, or -ENOENT. */
int rotated_open(const char *path, const struct bookmark *mark);

#endif
