/*
 * trust: whether somebody else could change what a path leads to.
 *
 * vigild runs programs, opens modules and obeys files, mostly as root.  It trusts a file only where
 * nobody but root, vigild's own user and, where the caller names one, one more user can change the file
 * or put another one in its place.  So the path is walked from the root directory, each symbolic link is
 * followed step by step, and each directory on the way is judged as the file is: by its owner, its mode
 * and its ACL.  A sticky directory such as /tmp that everybody may write is safe on the way, because
 * only the owner of an entry may rename it; the entry itself is judged next.
 *
 * All functions may be called on any thread.
 */
#ifndef TRUST_H
#define TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define TRUST_WHY 512 /* a size for why that holds most reasons whole */

/* A user who is trusted in addition to root and vigild's user, with that user's own group. */
struct trust_user {
	uid_t uid;
	gid_t gid;
};

/* Every entry of the directory that the path leads to is used, so that a sticky bit does not help: whoever
 * may add an entry is obeyed. */
#define TRUST_ENTRIES 1u
/* A file that is not there is not trusted where others could create it: -EPERM in place of -ENOENT. */
#define TRUST_MISSING 2u

/* Walks the path, relative to the working directory where it has no slash in front, and judges it.
 * user: NULL for none.  Returns a descriptor (O_PATH) of what the path leads to, with *st filled, which
 * the caller closes; or a negative errno and the reason in why, with the path and the command that
 * mends it.  -EPERM: not trusted; any other: the path cannot be walked to its end. */
int trust_open(const char *path, const struct trust_user *user, unsigned flags, struct stat *st,
	char *why, size_t size);
/* The same without a descriptor: 0, or a negative errno. */
int trust_path(
	const char *path, const struct trust_user *user, unsigned flags, char *why, size_t size);
/* Judges one open file or directory alone, not the path to it: 0, or -EPERM. */
int trust_descriptor(int fd, const struct stat *st, const char *path, const struct trust_user *user,
	char *why, size_t size);
/* Opens what a descriptor (O_PATH) is of, with flags of open(2): a descriptor, or -errno. */
int trust_reopen(int fd, int flags);

/* Opens a file that holds a secret, such as a token, a password or a key, for reading.  Beyond
 * trust_open it is a regular file to which others have no access; the file's group may read it.
 * Returns a descriptor, or a negative errno and the reason in why. */
int trust_open_secret(const char *path, char *why, size_t size);

#endif
