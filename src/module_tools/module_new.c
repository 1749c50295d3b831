/*
 * module_new: see module_new.h.  The folder is created under a temporary name and renamed when it
 * is complete, so a folder with the final name can always be built.
 */
#include "module_tools/module_new.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

#define MARK "@NAME@"

/* Replaces MARK with the name.  The caller frees the text. */
static char *fill(const char *text, const char *name)
{
	char *filled = NULL;
	const char *at;
	size_t length = 0;
	FILE *to = open_memstream(&filled, &length);

	if (to == NULL)
		return NULL;
	for (; (at = strstr(text, MARK)) != NULL; text = at + strlen(MARK)) {
		fwrite(text, 1, (size_t)(at - text), to);
		fputs(name, to);
	}
	fputs(text, to);
	return fclose(to) == 0 ? filled : NULL;
}

static int write_file(int dir, const char *path, int mode, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), err = 0;
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, length);
	if (n != (ssize_t)length)
		err = n < 0 ? -errno : -ENOSPC;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	return err;
}

static int write_files(int dir, const char *name)
{
	int err = 0;

	for (const struct module_new_file *f = module_new_files; f->path != NULL && err == 0; f++) {
		char *path = fill(f->path, name), *text = fill(f->text, name);

		err = path != NULL && text != NULL ? write_file(dir, path, f->mode, text) : -ENOMEM;
		free(path);
		free(text);
	}
	return err;
}

static void remove_all(const char *folder, int dir, const char *name)
{
	for (const struct module_new_file *f = module_new_files; dir >= 0 && f->path != NULL; f++) {
		char *path = fill(f->path, name);

		if (path != NULL)
			unlinkat(dir, path, 0);
		free(path);
	}
	rmdir(folder);
}

static int write_folder(const char *name)
{
	char *folder = memory_format(".%s.new", name);
	int dir = -1, err = 0;

	/* Removes the temporary folder of an earlier run that was killed. */
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir >= 0) {
		remove_all(folder, dir, name);
		close(dir);
		dir = -1;
	}
	if (mkdir(folder, 0755) < 0)
		err = -errno;
	else if ((dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err = -errno;
	else
		err = write_files(dir, name);
	if (err == 0 && rename(folder, name) < 0)
		err = -errno;
	if (err != 0 && err != -EEXIST)
		remove_all(folder, dir, name);
	if (dir >= 0)
		close(dir);
	free(folder);
	return err;
}

int module_new_write(const char *name, char *why, size_t size)
{
	struct stat st;
	int err;

	if (!text_is_daemon_name(name)) {
		snprintf(why, size,
			"invalid module name \"%.64s\": use up to 64 letters, digits and _ . @ -, "
			"and begin with a letter, a digit or _",
			name);
		return -EINVAL;
	}
	if (lstat(name, &st) == 0) {
		snprintf(why, size, "%s already exists; nothing was changed", name);
		return -EEXIST;
	}
	err = write_folder(name);
	if (err != 0)
		snprintf(why, size, "%s cannot be created: %s", name, strerror(-err));
	return err;
}
