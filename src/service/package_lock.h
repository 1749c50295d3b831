/*
 * package_lock: whether packages are being installed or removed right now.
 */
#ifndef PACKAGE_LOCK_H
#define PACKAGE_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Returns the reason as static text that names the package manager, or NULL if no running
 * package manager is found. root: "" for this machine, or a directory that contains the files of
 * another one. This function takes no lock and never waits for one. */
const char *package_lock_held(const char *root);

struct package_lock {
	pid_t pid; /* of the lock's owner; 0 or -1: the kernel does not report it */
	unsigned major_no, minor_no;
	uint64_t inode;
};

/* Parses a line of /proc/locks. Returns false if the line is not about a write lock that is
 * held, or is not in the kernel's format. */
bool package_lock_parse(const char *line, struct package_lock *lock);

#endif
