/*
 * facts: what the file system says about one file, and opening it for reading.
 *
 * Symbolic links are followed. Content is read through a link only if the link belongs to root, to
 * the user of this process or to the owner of the file that it leads to. Otherwise a user who may
 * write to the directory of a log could let a process of root read any other file. Only regular
 * files are opened, because the open of a device or a fifo may have effects or block.
 */
#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>
#include <sys/stat.h>

struct facts {
	int error;     /* errno of stat; 0: the file exists */
	bool dangling; /* a symbolic link to a file that does not exist; then error is ENOENT */
	struct stat st;
};

void facts_read(const char *path, struct facts *facts);
/* Returns "file", "directory", "fifo", "socket" or "device". */
const char *facts_type(const struct facts *facts);
/* Returns the seconds since the last modification; negative: it is in the future. */
double facts_age(const struct facts *facts);
/* Returns the name of a user or a group, or its number. It is valid until the next call. */
const char *facts_user(uid_t uid);
const char *facts_group(gid_t gid);
/* Opens a regular file for reading. Returns a descriptor, or -errno; -EMLINK: a symbolic link of
 * another user, FACTS_NOT_REGULAR: not a regular file. */
int facts_open(const char *path);
#define FACTS_NOT_REGULAR (-EMEDIUMTYPE)
/* Returns the reason of a result of facts_open, which fits after "cannot be read: ". */
const char *facts_open_error(int err);
/* Returns the name of the file system if inotify does not report all changes on it, because they
 * may be made by other machines or by a server process; NULL: inotify is reliable. */
const char *facts_remote_type(const char *path);

#endif
