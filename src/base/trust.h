/*
 * trust: checks whether an untrusted user could change the file that a path leads to.
 *
 * vigild runs programs, loads modules and reads configuration files, mostly as root.  It trusts a
 * file if no untrusted user can change or replace it.  Trusted are root, vigild's own user and, if
 * the caller names one, one more user.  So the path is walked from the root directory, and each
 * symbolic link is followed step by step.  The owner, the mode and the ACL of each directory on the
 * way are checked like those of the file.  A sticky directory that everybody may write, such as
 * /tmp, is safe within the path, because only the owner of an entry may rename it; the entry itself
 * is checked next.
 *
 * All functions may be called on any thread.
 */
#ifndef TRUST_H
#define TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define TRUST_WHY 512 /* a size of why that is enough for most reasons */

/* A user who is trusted in addition to root and vigild's user, with that user's own group. */
struct trust_user {
	uid_t uid;
	gid_t gid;
};

/* The path leads to a directory of which all entries are used.  Then a sticky bit does not make the
 * directory safe, because everybody who may add an entry controls vigild. */
#define TRUST_ENTRIES 1u
/* If the file does not exist and an untrusted user could create it, the result is -EPERM instead of
 * -ENOENT. */
#define TRUST_MISSING 2u

/* Returns whether the user is root, vigild's user or user (NULL: none). */
bool trust_uid(uid_t uid, const struct trust_user *user);

/* Walks the path and checks it.  A path without a leading slash is relative to the working
 * directory.  user: NULL for none.  Returns a descriptor (O_PATH) of the file, which the caller
 * closes, and fills *st; or a negative errno and the reason in why, which names the path and the
 * command that corrects the problem.  -EPERM: not trusted.  Any other error: the path cannot be
 * walked to its end. */
int trust_open(const char *path, const struct trust_user *user, unsigned flags, struct stat *st,
	char *why, size_t size);
/* The same without a descriptor.  Returns 0, or a negative errno. */
int trust_path(
	const char *path, const struct trust_user *user, unsigned flags, char *why, size_t size);
/* Checks one open file or directory, without the path to it.  Returns 0, or -EPERM. */
int trust_descriptor(int fd, const struct stat *st, const char *path, const struct trust_user *user,
	char *why, size_t size);
/* Opens the file of a descriptor (O_PATH) with flags of open(2).  Returns a descriptor, or
 * -errno. */
int trust_reopen(int fd, int flags);

/* Opens a file that contains a secret, such as a token, a password or a key, for reading.  In
 * addition to the checks of trust_open, it must be a regular file that others cannot access.  The
 * group of the file may read it.  Returns a descriptor, or a negative errno and the reason in
 * why. */
int trust_open_secret(const char *path, char *why, size_t size);

#endif
