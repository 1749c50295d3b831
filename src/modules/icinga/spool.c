/* spool: results that wait to be sent; see spool.h. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_SIZE (64 * 1024)

struct part {
	char *path;
	FILE *file;   /* NULL: there is none */
	size_t lines; /* not yet sent */
	off_t read, size;
};

struct spool {
	struct part old, new;
	off_t part_max;
	char *line;               /* the first, when it has been read */
	size_t room, length;      /* length: in the file, with its end */
	uint64_t dropped, number; /* number: of the first */
};

/* The part that the first line is in. */
static struct part *head(struct spool *s)
{
	return s->old.lines > 0 ? &s->old : &s->new;
}

/* --- parts --------------------------------------------------------------------------------------- */

static void part_close(struct part *part)
{
	if (part->file != NULL)
		fclose(part->file);
	part->file = NULL;
	part->lines = 0;
	part->read = part->size = 0;
}

/* A line without its end was cut by a crash: it is as if it had not been written. */
static int part_count(struct part *part)
{
	int c;

	rewind(part->file);
	for (off_t at = 1; (c = getc_unlocked(part->file)) != EOF; at++) {
		if (c != '\n')
			continue;
		part->lines++;
		part->size = at;
	}
	return ferror(part->file) ? -EIO : 0;
}

static int part_open(struct part *part, int flags)
{
	int fd = open(part->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600), err;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT && flags == 0 ? 0 : -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1) {
		close(fd);
		return -EINVAL;
	}
	part->file = fdopen(fd, "r+");
	if (part->file == NULL) {
		err = -errno;
		close(fd);
		return err;
	}
	err = part_count(part);
	if (err == 0 && ftruncate(fd, part->size) < 0)
		err = -errno;
	if (err != 0)
		part_close(part);
	return err;
}

static void part_empty(struct part *part)
{
	if (part->file != NULL)
		(void)!ftruncate(fileno(part->file), 0);
	part->lines = 0;
	part->read = part->size = 0;
}

/* What is new becomes old. */
static int rotate(struct spool *s)
{
	s->dropped += s->old.lines;
	s->number += s->old.lines;
	if (head(s) == &s->old) { /* the line at hand is among them */
		free(s->line);
		s->line = NULL;
	}
	part_close(&s->old);
	if (rename(s->new.path, s->old.path) < 0)
		return -errno;
	s->old = (struct part){.path = s->old.path,
		.file = s->new.file,
		.lines = s->new.lines,
		.read = s->new.read,
		.size = s->new.size};
	s->new = (struct part){.path = s->new.path};
	return part_open(&s->new, O_CREAT);
}

/* --- lines ----------------------------------------------------------------------------------------- */

int spool_put(struct spool *s, const char *line)
{
	size_t length = strlen(line);
	int err = 0;

	if (length >= LINE_MAX_SIZE)
		return -E2BIG;
	if (s->new.size > 0 && s->new.size + (off_t)length >= s->part_max)
		err = rotate(s);
	if (err == 0 && s->new.file == NULL)
		err = part_open(&s->new, O_CREAT);
	if (err != 0)
		return err;
	if (fseeko(s->new.file, s->new.size, SEEK_SET) < 0 || fputs(line, s->new.file) < 0 ||
		fputc('\n', s->new.file) < 0 || fflush(s->new.file) != 0) {
		err = errno != 0 ? -errno : -EIO;
		clearerr(s->new.file);
		(void)!ftruncate(fileno(s->new.file), s->new.size);
		return err;
	}
	s->new.size += (off_t)length + 1;
	s->new.lines++;
	return 0;
}

const char *spool_first(struct spool *s)
{
	struct part *part = head(s);
	ssize_t n;

	if (part->lines == 0)
		return NULL;
	if (s->line != NULL)
		return s->line;
	if (fseeko(part->file, part->read, SEEK_SET) == 0 &&
		(n = getline(&s->line, &s->room, part->file)) > 0) {
		s->length = (size_t)n;
		if (s->line[n - 1] == '\n')
			s->line[n - 1] = '\0';
		return s->line;
	}
	/* It cannot be read: neither will the rest. */
	free(s->line);
	s->line = NULL;
	s->dropped += part->lines;
	s->number += part->lines;
	part_empty(part);
	return spool_first(s);
}

void spool_drop_first(struct spool *s)
{
	struct part *part;

	if (spool_first(s) == NULL)
		return;
	part = head(s);
	part->read += (off_t)s->length;
	part->lines--;
	s->number++;
	free(s->line);
	s->line = NULL;
	if (part->lines == 0)
		part_empty(part);
}

uint64_t spool_number(const struct spool *s)
{
	return s->number;
}

size_t spool_waiting(const struct spool *s)
{
	return s->old.lines + s->new.lines;
}

uint64_t spool_dropped(const struct spool *s)
{
	return s->dropped;
}

/* --- life ------------------------------------------------------------------------------------------ */

/* Copies what has not been sent.  0 or -errno. */
static int copy_rest(struct part *part, int fd)
{
	char buffer[BUFSIZ];
	size_t n;

	if (fseeko(part->file, part->read, SEEK_SET) < 0)
		return -errno;
	while ((n = fread(buffer, 1, sizeof(buffer), part->file)) > 0)
		if (write(fd, buffer, n) != (ssize_t)n)
			return errno != 0 ? -errno : -ENOSPC;
	return ferror(part->file) ? -EIO : 0;
}

/* Leaves on disk what has not been sent, and no more.  Where that fails some are sent twice,
 * which is better than not at all. */
static void part_shed(struct part *part)
{
	char *path;
	int fd, err;

	if (part->file == NULL || part->read == 0 || part->lines == 0)
		return;
	if (asprintf(&path, "%s.rest", part->path) < 0)
		return;
	unlink(path); /* of one that was killed right here */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = fd < 0 ? -errno : copy_rest(part, fd);
	if (fd >= 0 && close(fd) < 0 && err == 0)
		err = -errno;
	if (err != 0 || rename(path, part->path) < 0)
		unlink(path);
	free(path);
}

struct spool *spool_open(const char *path, int64_t size_max)
{
	struct spool *s = calloc(1, sizeof(*s));
	int err = -ENOMEM;

	if (s == NULL)
		return NULL;
	s->part_max = (off_t)(size_max / 2);
	s->new.path = strdup(path);
	if (s->new.path != NULL && asprintf(&s->old.path, "%s.old", path) >= 0)
		err = part_open(&s->old, 0);
	if (err == 0)
		err = part_open(&s->new, O_CREAT);
	if (err == 0)
		return s;
	spool_close(s);
	errno = -err;
	return NULL;
}

void spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	part_shed(&s->old);
	part_shed(&s->new);
	part_close(&s->old);
	part_close(&s->new);
	free(s->old.path);
	free(s->new.path);
	free(s->line);
	free(s);
}
