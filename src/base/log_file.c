/* log_file: the file that lines are written to.  It is checked before it is used, because vigild
 * runs as root and the path may lead into a directory that others can write. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/log_internal.h"
#include "base/memory.h"
#include "base/trust.h"

/* create: O_CREAT or 0.  O_NONBLOCK is only for open itself: if the path is a FIFO, open must not
 * block. */
static int open_trusted(const char *path, int create)
{
	int fd = open(path,
		O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | create,
		0640);
	char why[TRUST_WHY];
	struct stat st = {0};
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		err = -EINVAL;
	else if (st.st_nlink > 1)
		err = -EMLINK;
	else if (trust_descriptor(fd, &st, path, NULL, why, sizeof(why)) != 0)
		err = -EPERM;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

int log_file_open(const char *path)
{
	return open_trusted(path, O_CREAT);
}

/* Returns whether a file could be created at the path: 0 or -errno. */
static int check_directory(const char *path)
{
	char *directory = memory_text(path);
	int err;

	strrchr(directory, '/')[1] = '\0';
	err = faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
	free(directory);
	return err;
}

int log_file_check(const char *path)
{
	int fd = open_trusted(path, 0);

	if (fd == -ENOENT)
		return check_directory(path);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

const char *log_trouble(int err)
{
	switch (err) {
	case -ELOOP: return "it is a symbolic link, and symbolic links are not followed";
	case -EMLINK: return "it has more than one hard link";
	case -EINVAL: return "it is not a regular file";
	case -EPERM:
		return "it is not owned by root or by the user of vigild, or it is writable by "
		       "others; run chown and chmod go-w on it";
	default: return strerror(-err);
	}
}
