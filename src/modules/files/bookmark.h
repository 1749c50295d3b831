/*
 * bookmark: a place in a log that is found again after a restart, also if the log was rotated.
 *
 * A bookmark names the file by device and inode. Because an inode is used again, and because
 * copytruncate keeps it, a bookmark also has checksums of the first bytes of the file and of the
 * bytes right before the place. Both must be the same for the place to be the same.
 */
#ifndef BOOKMARK_H
#define BOOKMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#define BOOKMARK_SPAN   1024 /* bytes of each checksum, or all if the place is nearer */
#define BOOKMARK_DIGITS 33   /* hexadecimal digits of each checksum that are kept, and the NUL */

struct bookmark {
	dev_t dev;
	ino_t ino;
	off_t offset;  /* after the last whole line that was read */
	bool skipping; /* the place is inside a line that is too long */
	char head[BOOKMARK_DIGITS], tail[BOOKMARK_DIGITS];
};

/* Sets the bookmark to a place in the open file. Returns 0 or -errno. */
int bookmark_set(struct bookmark *mark, int fd, off_t offset);
/* Returns whether the open file has the bytes of the bookmark, whatever its inode is. */
bool bookmark_holds(const struct bookmark *mark, int fd);
/* The same for a pipe: reads it up to the place. The pipe is then at the place if it returns
 * true. */
bool bookmark_skip(const struct bookmark *mark, int fd);

json_t *bookmark_json(const struct bookmark *mark);
bool bookmark_read(struct bookmark *mark, const json_t *object);

#endif
