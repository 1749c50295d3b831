/* spawn_close: see spawn_close.h. */
#include "process/spawn_close.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

int spawn_close_from(posix_spawn_file_actions_t *actions, int first)
{
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
	return posix_spawn_file_actions_addclosefrom_np(actions, first);
#else
	return spawn_close_each(actions, first);
#endif
}

/* The list has the descriptor of the directory, too. To close a descriptor that is not open is no
 * error. */
int spawn_close_each(posix_spawn_file_actions_t *actions, int first)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int fd, err = 0;

	if (dir == NULL)
		return errno;
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
