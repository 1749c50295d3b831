/*
 * inotify: says which paths may have changed.
 *
 * For each path, the directories and the files that were found are watched. A path on a file system
 * that other machines or servers change, such as NFS or FUSE, is not watched, nor is one for which
 * the kernel's limits have no room: these are read at the interval alone.
 */
#ifndef INOTIFY_H
#define INOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct watcher;

/* Never fails: without inotify, every path is read at the interval. */
struct watcher *watcher_new(void);
void watcher_free(struct watcher *watcher);
/* Returns the descriptor to poll, or -1. */
int watcher_fd(const struct watcher *watcher);
/* Watches the directory of a path, for names that match `name`, or a file. index: of the path, less
 * than 64. writes: each write to the file counts, and not only the last close. Returns NULL, or the
 * reason why it is read at the interval alone, a text that is valid until the next call. */
const char *watcher_add_directory(
	struct watcher *watcher, unsigned index, const char *directory, const char *name);
const char *watcher_add_file(
	struct watcher *watcher, unsigned index, const char *file, bool writes);
/* Reads the events. Returns the paths that may have changed, a bit for each. */
uint64_t watcher_read(struct watcher *watcher);

#endif
