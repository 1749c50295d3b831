/*
 * package_lock: see package_lock.h. The scripts of a package stop its service and start it again
 * when the new files are in place. In between the service is down on purpose. Each package manager
 * holds a lock during this time. The functions here only test the lock and never take it, because a
 * lock that vigild held even for a short time would make the package manager fail.
 *
 * dpkg and rpm use fcntl locks. The kernel reports the owner of such a lock to each process that
 * may open the file. An ordinary user may not open the lock file of dpkg, and there is no call
 * that tests a flock lock, which apk uses. In these cases /proc/locks is read. pacman uses no
 * lock on a file: the existence of the file is the lock.
 */
#include "service/package_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool is_of_root(pid_t pid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &st) == 0 && st.st_uid == 0;
}

/* For a process that waits for a lock, the kernel writes "->" before the kind; such a line does
 * not match. */
bool package_lock_parse(const char *line, struct package_lock *lock)
{
	unsigned long long inode;
	unsigned major_no, minor_no;
	char digits[24];
	long long pid;

	if (sscanf(line, "%*u: %*s %*s WRITE %lld %x:%x:%23[0-9]", &pid, &major_no, &minor_no,
		    digits) != 4)
		return false;
	errno = 0;
	inode = strtoull(digits, NULL, 10);
	if (pid < -1 || pid > INT_MAX || errno != 0)
		return false;
	*lock = (struct package_lock){
		.pid = (pid_t)pid, .major_no = major_no, .minor_no = minor_no, .inode = inode};
	return true;
}

/* Whether a line of /proc/locks is about a write lock on that file. For subvolumes and overlays,
 * stat returns other device numbers than /proc/locks, though both have major 0. There, another
 * file may have the same inode number, so that the owner of the lock must be root, because only
 * root installs packages. */
static bool is_about(const char *line, const struct stat *st)
{
	struct package_lock lock;

	if (!package_lock_parse(line, &lock) || lock.inode != st->st_ino ||
		lock.major_no != major(st->st_dev))
		return false;
	return lock.minor_no == minor(st->st_dev) || (lock.major_no == 0 && is_of_root(lock.pid));
}

static bool is_listed(const char *path)
{
	FILE *locks;
	struct stat st;
	char line[256];
	bool found = false;

	if (stat(path, &st) < 0)
		return false;
	locks = fopen("/proc/locks", "re");
	if (locks == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), locks) != NULL)
		found = is_about(line, &st);
	fclose(locks);
	return found;
}

static bool is_locked(const char *path)
{
	/* Test for a read lock, so that programs that only read the package database, and hold a
	 * read lock, do not count. */
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool locked;

	if (fd < 0)
		return (errno == EACCES || errno == EPERM) && is_listed(path);
	locked = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return locked;
}

static bool is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

const char *package_lock_held(const char *root)
{
	static const char dpkg[] = "a package upgrade is in progress (dpkg)";
	static const char rpm[] = "a package upgrade is in progress (rpm)";
	static const char pacman[] = "a package upgrade is in progress (pacman)";
	static const char apk[] = "a package upgrade is in progress (apk)";
	static const struct {
		const char *path;
		bool (*held)(const char *path);
		const char *why;
	} locks[] = {
		/* held during the whole upgrade */
		{"/var/lib/dpkg/lock-frontend", is_locked, dpkg},
		{"/var/lib/dpkg/lock", is_locked, dpkg},
		{"/usr/lib/sysimage/rpm/.rpm.lock", is_locked, rpm},
		{"/var/lib/rpm/.rpm.lock", is_locked, rpm},
		{"/var/lib/pacman/db.lck", is_there, pacman},
		{"/run/apk/db.lock", is_listed, apk},
		{"/lib/apk/db/lock", is_listed, apk},
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(locks) / sizeof(*locks); i++) {
		if (snprintf(path, sizeof(path), "%s%s", root, locks[i].path) < (int)sizeof(path) &&
			locks[i].held(path))
			return locks[i].why;
	}
	return NULL;
}
