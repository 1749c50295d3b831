/* rotated: see rotated.h. */
#include "rotated.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts.h"

#define CANDIDATES_MAX 64 /* the newest are kept */

struct candidate {
	char name[NAME_MAX + 1];
	struct timespec time;
};

struct candidates {
	struct candidate list[CANDIDATES_MAX]; /* the oldest first */
	size_t count;
};

/* --- names ------------------------------------------------------------------------------------ */

/* Returns the length of a separator and a number or a date at the beginning, or 0. */
static size_t number_length(const char *text, size_t length)
{
	size_t n = 1;

	if (length < 2 || (text[0] != '.' && text[0] != '-' && text[0] != '_'))
		return 0;
	if (length >= 4 && strncmp(text, ".old", 4) == 0)
		return 4;
	while (n < length && (strchr("0123456789-_", text[n]) != NULL))
		n++;
	return text[n - 1] >= '0' && text[n - 1] <= '9' ? n : 0;
}

bool rotated_is(const char *base, const char *name)
{
	size_t length = strlen(name), whole = strlen(base), stem;
	const char *extension = strrchr(base, '.');

	if (content_is_packed(name))
		length = (size_t)(strrchr(name, '.') - name);
	if (length > whole && strncmp(name, base, whole) == 0 &&
		number_length(name + whole, length - whole) == length - whole)
		return true;
	if (extension == NULL || extension == base)
		return false;
	stem = (size_t)(extension - base);
	return length > whole && strncmp(name, base, stem) == 0 &&
	       strncmp(name + length - (whole - stem), extension, whole - stem) == 0 &&
	       number_length(name + stem, length - whole) == length - whole;
}

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* Inserts in the order of time. If the list is full, the oldest is dropped. */
static void insert(struct candidates *c, const char *name, const struct stat *st)
{
	size_t i;

	if (c->count == CANDIDATES_MAX) {
		if (is_older(&st->st_mtim, &c->list[0].time))
			return;
		memmove(c->list, c->list + 1, --c->count * sizeof(c->list[0]));
	}
	for (i = c->count; i > 0 && is_older(&st->st_mtim, &c->list[i - 1].time); i--)
		c->list[i] = c->list[i - 1];
	snprintf(c->list[i].name, sizeof(c->list[i].name), "%s", name);
	c->list[i].time = st->st_mtim;
	c->count++;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Opens a file and passes its lines, from the bookmark on or, if mark is NULL, all. If c is NULL,
 * it only looks for the bookmark. Returns false if the file cannot be read or has no such place. */
static bool read_one(const char *path, const struct bookmark *mark, struct content *c)
{
	bool ok = true, more, packed = content_is_packed(path);
	off_t offset = mark != NULL ? mark->offset : 0;
	int fd = facts_open(path), out;
	pid_t pid;

	if (fd < 0)
		return false;
	if (c != NULL)
		c->skipping = mark != NULL && mark->skipping;
	if (!packed) {
		ok = mark == NULL || bookmark_holds(mark, fd);
		if (ok && c != NULL)
			content_file(c, fd, &offset, SIZE_MAX, true, &more);
	} else {
		out = content_unpack(path, fd, &pid);
		ok = out >= 0 && (mark == NULL || bookmark_skip(mark, out));
		if (ok && c != NULL)
			content_pipe(c, out);
		if (out >= 0)
			content_end_unpack(out, pid);
	}
	close(fd);
	return ok;
}

static void find(struct candidates *c, const char *directory, const char *base)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	struct stat st;

	c->count = 0;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (rotated_is(base, entry->d_name) &&
			fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
			insert(c, entry->d_name, &st);
	if (dir != NULL)
		closedir(dir);
}

int rotated_open(const char *path, const struct bookmark *mark)
{
	static struct candidates candidates;
	const char *base = strrchr(path, '/') + 1;
	char file[PATH_MAX + NAME_MAX + 1], directory[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(directory, sizeof(directory), "%.*s", (int)(base - path), path);
	find(&candidates, directory, base);
	for (size_t i = 0; i < candidates.count; i++) {
		snprintf(file, sizeof(file), "%s%s", directory, candidates.list[i].name);
		fd = facts_open(file);
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == mark->dev &&
			st.st_ino == mark->ino && bookmark_holds(mark, fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}

bool rotated_read(const char *path, const struct bookmark *mark, bool rest, struct content *c)
{
	static struct candidates candidates;
	const char *base = strrchr(path, '/') + 1;
	char file[PATH_MAX + NAME_MAX + 1], directory[PATH_MAX];
	size_t length, last_length = 0;
	const char *name, *last = "";
	bool found = false;

	snprintf(directory, sizeof(directory), "%.*s", (int)(base - path), path);
	find(&candidates, directory, base);
	for (size_t i = 0; i < candidates.count; i++) {
		name = candidates.list[i].name;
		length = content_is_packed(name) ? (size_t)(strrchr(name, '.') - name)
						 : strlen(name);
		/* While a program compresses a file, both exist. Only one of them is read. */
		if (length == last_length && strncmp(name, last, length) == 0)
			continue;
		snprintf(file, sizeof(file), "%s%s", directory, name);
		if (found)
			read_one(file, NULL, c);
		else
			found = read_one(file, mark, rest ? c : NULL);
		last = found ? name : "";
		last_length = found ? length : 0;
	}
	return found;
}
