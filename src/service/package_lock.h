/*
 * package_lock: whether packages are being installed or removed right now.
 */
#ifndef PACKAGE_LOCK_H
#define PACKAGE_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* By whom, as a reason in words (static text); NULL: by nobody that can be seen.  root: "" for
 * this machine, or a directory with another one's files.  Takes no lock and waits for none. */
const char *package_lock_held(const char *root);

struct package_lock {
	pid_t pid; /* of the holder; 0 or -1: the kernel does not name it */
	unsigned major_no, minor_no;
	uint64_t inode;
};

/* Parses a line of /proc/locks.  Returns false where it is not about a lock for writing that is held, or
 * not what the kernel writes. */
bool package_lock_parse(const char *line, struct package_lock *lock);

#endif
