/*
 * follow: reads the new lines of the logs of one path, also across rotation.
 *
 * A log is kept open. If its name leads to another file, the rest of the old file is read from the
 * open descriptor first, and for some minutes more, because a program writes to it until it opens
 * its log again. If the file was truncated, or changed while this program did not run, the rest is
 * searched among the rotated files.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdbool.h>

#include <jansson.h>

#include "watchlist.h"

#define FOLLOW_MAX   64  /* logs of one path */
#define FOLLOW_LINES 10  /* matching lines that are kept of one report */
#define FOLLOW_LINE  512 /* bytes of such a line */

struct follow;

/* What the new lines were. */
struct follow_news {
	long lines, matches;
	char last[FOLLOW_LINES][FOLLOW_LINE]; /* the last of the matching lines, made safe */
	char notes[4][FOLLOW_LINE];           /* what the daemon should put into its history */
	unsigned note_count;
	bool more; /* there is more to read at once */
};

/* bookmarks: as follow_bookmarks has returned them, borrowed. first: the path was never scanned
 * before, so that present logs are read from their ends on. */
struct follow *follow_new(const struct limits *limits, const json_t *bookmarks, bool first);
void follow_free(struct follow *follow);
/* Reads the new lines of a log and adds them to the news. Returns 0, or a result of facts_open;
 * -ENOENT is no error of a log that was open, because a rotation may be under way; -E2BIG: too many
 * logs. */
int follow_read(struct follow *follow, const char *file, struct follow_news *news);
/* To be called when all logs of the path have been read: forgets logs that have been missing for a
 * long time, and from now on reads new logs from their beginning. */
void follow_end_scan(struct follow *follow);
/* Returns the present bookmarks as a new reference. */
json_t *follow_bookmarks(const struct follow *follow);

#endif
