/* spawn_close: see spawn_close.h. */
#include "process/spawn_close.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FD_MAX 65536 /* no more descriptors are tried */

int spawn_close_from(posix_spawn_file_actions_t *actions, int first)
{
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
	return posix_spawn_file_actions_addclosefrom_np(actions, first);
#else
	return spawn_close_each(actions, first);
#endif
}

/* Tries each descriptor, because without /proc nothing lists those that are open. */
static int close_tried(posix_spawn_file_actions_t *actions, int first)
{
	long limit = sysconf(_SC_OPEN_MAX);
	int err = 0;

	if (limit < 0 || limit > FD_MAX)
		limit = FD_MAX;
	for (int fd = first; fd < limit && err == 0; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			err = posix_spawn_file_actions_addclose(actions, fd);
	return err;
}

/* The list has the descriptor of the directory, too. To close a descriptor that is not open is no
 * error. */
int spawn_close_each(posix_spawn_file_actions_t *actions, int first)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int fd, err = 0;

	if (dir == NULL)
		return close_tried(actions, first);
	while (err == 0 && (entry = readdir(dir)) != NULL) {
		fd = entry->d_name[0] != '.' ? atoi(entry->d_name) : -1;
		if (fd >= first)
			err = posix_spawn_file_actions_addclose(actions, fd);
		if (err ==
			EBADF) /* a lower limit of descriptors has been set since it was opened */
			err = 0;
	}
	closedir(dir);
	return err;
}
