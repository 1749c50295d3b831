/*
 * mounts: parses /proc/self/mountinfo, and says which mounts are disks and which of them may wait.
 *
 * The functions are pure; they never ask a file system.
 */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

struct mount { /* a line of /proc/self/mountinfo; all texts lie in the text that was parsed */
	char *number; /* MAJOR:MINOR, the same for each mount of one file system */
	char *point, *options;
	char *type, *device, *super_options;
};
/* At most so many mounts are in the text. */
size_t mounts_count(const char *text);
/* Parses the text in place and unescapes devices and mount points.  Returns how many mounts were
 * stored, in the order of the text.  Lines that are no mounts are left out. */
size_t mounts_parse(char *text, struct mount *mounts, size_t most);
/* Whether a file system of that type lies on this machine: asking one that does not may wait for
 * ever for a server that is gone. */
bool mounts_is_local(const char *type);
/* Whether asking the mount at index may wait: for itself, or for one that the path to it leads over.  A
 * disk below a network's directory is not to be reached without the network. */
bool mounts_may_wait(const struct mount *mounts, size_t count, size_t index);
/* Whether another file system was mounted later at the same point: a path leads to that one. */
bool mounts_is_topped(const struct mount *mounts, size_t count, size_t index);
/* Whether it is there to keep files, and not made up by the kernel: the file systems of disks, an
 * overlay that can be written, and the root of a container, whatever it is made of. */
bool mounts_is_disk(const struct mount *mount);
/* The mount that holds the path, by the texts alone; count: there is none. */
size_t mounts_above(const struct mount *mounts, size_t count, const char *path);
/* The number of the file system whose room the mount has.  That of an overlay is where its upper
 * directory lies, so that overlays on one disk have the same; where that is not to be seen from here, and
 * for all others, it is the mount's own. */
const char *mounts_room(const struct mount *mounts, size_t count, size_t index);
bool mounts_is_overlay(const struct mount *mount);

#endif
