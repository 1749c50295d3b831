/*
 * program: see program.h.  The helper programs are in a configured directory.  If vigild or
 * vigilctl runs from a build tree, the helper programs are in the same directory.  If it was
 * installed below a DESTDIR, they are below the same DESTDIR.  Both are found by the path of the
 * running program, not by an environment variable, so that the user who starts the program cannot
 * make it run another helper program.
 */
#include "process/program.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/* The directory of the running program.  NULL: unknown. */
static char *own_directory(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return NULL;
	*slash = '\0';
	return memory_text(path);
}

/* Removes a suffix from a directory.  False: the directory does not have this suffix. */
static bool cut_end(char *directory, const char *end)
{
	size_t length = strlen(directory), cut = strlen(end);

	if (length < cut || strcmp(directory + length - cut, end) != 0)
		return false;
	directory[length - cut] = '\0';
	return true;
}

char *program_path(const char *installed, const char *name)
{
	char *directory = own_directory(), *path;

	if (directory == NULL)
		return memory_format("%s/%s", installed, name);
	path = memory_format("%s/%s", directory, name);
	if (access(path, X_OK) != 0) {
		free(path);
		if (!cut_end(directory, SBINDIR) && !cut_end(directory, BINDIR))
			directory[0] = '\0';
		path = memory_format("%s%s/%s", directory, installed, name);
	}
	free(directory);
	return path;
}
