/* facts: see facts.h. */
#include "facts.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

void facts_read(const char *path, struct facts *facts)
{
	struct stat link;

	memset(facts, 0, sizeof(*facts));
	if (stat(path, &facts->st) == 0)
		return;
	facts->error = errno;
	facts->dangling = errno == ENOENT && lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
}

const char *facts_type(const struct facts *facts)
{
	switch (facts->st.st_mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFDIR: return "directory";
	case S_IFIFO: return "fifo";
	case S_IFSOCK: return "socket";
	default: return "device";
	}
}

double facts_age(const struct facts *facts)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)(now.tv_sec - facts->st.st_mtim.tv_sec) +
	       (double)(now.tv_nsec - facts->st.st_mtim.tv_nsec) / 1e9;
}

const char *facts_user(uid_t uid)
{
	static char number[16];
	const struct passwd *user = getpwuid(uid);

	snprintf(number, sizeof(number), "%u", (unsigned)uid);
	return user != NULL ? user->pw_name : number;
}

const char *facts_group(gid_t gid)
{
	static char number[16];
	const struct group *group = getgrgid(gid);

	snprintf(number, sizeof(number), "%u", (unsigned)gid);
	return group != NULL ? group->gr_name : number;
}

int facts_open(const char *path)
{
	struct stat link, before, now;
	int fd, err;

	if (lstat(path, &link) < 0 || stat(path, &before) < 0)
		return -errno;
	if (!S_ISREG(before.st_mode))
		return FACTS_NOT_REGULAR;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
				(S_ISLNK(link.st_mode) ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return -errno;
	err = fstat(fd, &now) < 0 ? -errno : 0;
	if (err == 0 && !S_ISREG(now.st_mode))
		err = FACTS_NOT_REGULAR;
	if (err == 0 && S_ISLNK(link.st_mode) && link.st_uid != 0 && link.st_uid != geteuid() &&
		link.st_uid != now.st_uid)
		err = -EMLINK;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

const char *facts_open_error(int err)
{
	if (err == FACTS_NOT_REGULAR)
		return "it is not a regular file";
	if (err == -EMLINK || err == -ELOOP)
		return "it is a symbolic link of a user who does not own the file";
	return strerror(-err);
}

const char *facts_remote_type(const char *path)
{
	static const struct {
		unsigned long number;
		const char *name;
	} types[] = {{0x6969, "nfs"}, {0x517b, "smb"}, {0xff534d42, "cifs"}, {0xfe534d42, "smb"},
		{0x65735546, "fuse"}, {0x01021997, "9p"}, {0x00c36400, "ceph"}, {0x5346414f, "afs"},
		{0x6b414653, "afs"}, {0x01161970, "gfs2"}, {0x7461636f, "ocfs2"},
		{0x0bd00bd0, "lustre"}, {0x47504653, "gpfs"}};
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (((unsigned long)fs.f_type & 0xffffffff) == types[i].number)
			return types[i].name;
	return NULL;
}
