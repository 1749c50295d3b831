/*
 * scan: looks at the files of one path, and makes the report of it.
 */
#ifndef SCAN_H
#define SCAN_H

#include "follow.h"
#include "inotify.h"
#include "watchlist.h"

#define FILES_MAX 100000 /* of one path */
#define SUMS_MAX  128    /* files of one path whose checksums are computed */

struct scan {
	struct watchlist *list;
	struct watcher *watcher;
	struct follow *follows[PATHS_MAX]; /* NULL: no lines are wanted */
	bool existed[PATHS_MAX];           /* there was a file at the last scan */
	bool missing[PATHS_MAX];           /* a scan soon decides whether it is really gone */
};

void scan_init(struct scan *scan, struct watchlist *list, struct watcher *watcher);
void scan_close(struct scan *scan);
/* Returns the report of a path, a new reference. *again: seconds after which it should be scanned
 * again because it is not finished; negative: it is. */
json_t *scan_path(struct scan *scan, unsigned index, double *again);

#endif
