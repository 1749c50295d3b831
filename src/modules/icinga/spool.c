/*
 * spool: a queue on disk of lines that wait to be sent; see spool.h.
 *
 * A part is one of the two files.  The window holds the entries that were read ahead, in order.  An
 * entry leaves the window when it and all entries before it are done.  The part that it was read
 * from then records the end of the entry, and spool_close removes everything before that from the
 * file.
 */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define LINE_MAX_SIZE (1024 * 1024)
#define WINDOW_LINES  64
#define WINDOW_BYTES  (2 * 1024 * 1024)

struct part {
	char *path;
	int fd;       /* -1: there is no file */
	size_t lines; /* lines that were not read ahead yet */
	off_t next;   /* where the first of these begins */
	off_t done;   /* all lines before it are done */
	off_t size;
};

enum place { GONE, OLD, NEW };
enum state { WAITING, TAKEN, DONE };

struct entry {
	struct spool_entry public; /* must be the first member */
	char *line;
	size_t length;
	enum place place; /* the part that it was read from; GONE: the part was dropped */
	enum state state;
	off_t end; /* where the line ends in the part */
	TAILQ_ENTRY(entry) link;
};

struct spool {
	struct part old, new;
	off_t part_max;
	TAILQ_HEAD(entry_list, entry) window;
	size_t count, bytes; /* of the window */
	size_t undone;       /* entries of the window that are not done */
	uint64_t dropped;
};

/* --- parts ------------------------------------------------------------------------------------ */

static void part_close(struct part *part)
{
	if (part->fd >= 0)
		close(part->fd);
	part->fd = -1;
	part->lines = 0;
	part->next = part->done = part->size = 0;
}

/* Counts the lines and sets the size.  A last line without an end of line was cut by a crash, and
 * does not count. */
static int part_count(struct part *part)
{
	char buffer[BUFSIZ];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(part->fd, buffer, sizeof(buffer), at)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buffer[i] != '\n')
				continue;
			part->lines++;
			part->size = at + i + 1;
		}
		at += n;
	}
	return n < 0 ? -errno : 0;
}

static int part_open(struct part *part, int flags)
{
	int fd = open(part->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600), err;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT && flags == 0 ? 0 : -errno;
	part->fd = fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1)
		err = -EINVAL;
	else
		err = part_count(part);
	if (err == 0 && ftruncate(fd, part->size) < 0)
		err = -errno;
	if (err != 0)
		part_close(part);
	return err;
}

static void part_empty(struct part *part)
{
	if (part->fd >= 0)
		(void)!ftruncate(part->fd, 0);
	part->lines = 0;
	part->next = part->done = part->size = 0;
}

static struct part *part_at(struct spool *s, enum place place)
{
	return place == OLD ? &s->old : place == NEW ? &s->new : NULL;
}

/* --- the window ------------------------------------------------------------------------------- */

static void entry_free(struct spool *s, struct entry *entry)
{
	TAILQ_REMOVE(&s->window, entry, link);
	s->count--;
	s->bytes -= entry->length;
	if (entry->state != DONE)
		s->undone--;
	free(entry->public.data);
	free(entry->line);
	free(entry);
}

/* Returns the line that begins at `at`, without its end, which *length counts; the caller frees it.
 * NULL: it cannot be read, or out of memory. */
static char *read_line(int fd, off_t at, size_t *length)
{
	char *text = NULL, *more, *end = NULL;
	ssize_t n = 0;

	for (size_t room = 4096; end == NULL && room <= 2 * LINE_MAX_SIZE; room *= 2) {
		more = realloc(text, room);
		if (more == NULL)
			break;
		text = more;
		n = pread(fd, text, room, at);
		end = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;
		if (n < (ssize_t)room)
			break;
	}
	if (end == NULL) {
		free(text);
		return NULL;
	}
	*end = '\0';
	*length = (size_t)(end - text) + 1;
	return text;
}

/* Reads one line of the part ahead.  Returns false if the part cannot be read. */
static bool read_ahead(struct spool *s, struct part *part, enum place place)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry != NULL)
		entry->line = read_line(part->fd, part->next, &entry->length);
	if (entry == NULL || entry->line == NULL) {
		free(entry);
		return false;
	}
	part->next += (off_t)entry->length;
	part->lines--;
	entry->public.line = entry->line;
	entry->place = place;
	entry->end = part->next;
	TAILQ_INSERT_TAIL(&s->window, entry, link);
	s->count++;
	s->undone++;
	s->bytes += entry->length;
	return true;
}

static void fill_window(struct spool *s)
{
	while (s->count < WINDOW_LINES && s->bytes < WINDOW_BYTES) {
		enum place place = s->old.lines > 0 ? OLD : NEW;
		struct part *part = part_at(s, place);

		if (part->lines == 0)
			return;
		if (read_ahead(s, part, place))
			continue;
		/* If a line cannot be read, the rest of the part cannot be read either. */
		s->dropped += part->lines;
		part->lines = 0;
		part->next = part->size;
		if (TAILQ_EMPTY(&s->window))
			part_empty(part);
	}
}

/* Removes entries that are done from the front of the window, and empties a part whose lines are
 * all done. */
static void trim_window(struct spool *s)
{
	struct entry *entry;
	struct part *part;

	while ((entry = TAILQ_FIRST(&s->window)) != NULL && entry->state == DONE) {
		part = part_at(s, entry->place);
		if (part != NULL)
			part->done = entry->end;
		entry_free(s, entry);
		if (part != NULL && part->lines == 0 && part->done == part->size)
			part_empty(part);
	}
}

static bool is_dropped(struct spool *s, struct entry *entry)
{
	if (entry->place != GONE || entry->state != WAITING)
		return false;
	entry_free(s, entry);
	s->dropped++;
	return true;
}

/* Makes the new part the old one.  The lines that the old one held are dropped, except those in
 * flight. */
static int rotate(struct spool *s)
{
	struct entry *entry, *next;
	char *path;

	if (rename(s->new.path, s->old.path) < 0)
		return -errno;
	s->dropped += s->old.lines;
	for (entry = TAILQ_FIRST(&s->window); entry != NULL; entry = next) {
		next = TAILQ_NEXT(entry, link);
		entry->place = entry->place == NEW ? OLD : GONE;
		is_dropped(s, entry);
	}
	part_close(&s->old);
	path = s->old.path;
	s->old = s->new;
	s->old.path = path;
	s->new = (struct part){.path = s->new.path, .fd = -1};
	trim_window(s);
	return part_open(&s->new, O_CREAT);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Appends a line.  It is always written at part->size, so it overwrites what a failed write may
 * have left there. */
static int append(struct part *part, const char *line, size_t length)
{
	struct iovec parts[] = {
		{.iov_base = (char *)line, .iov_len = length}, {.iov_base = "\n", .iov_len = 1}};
	ssize_t n = pwritev(part->fd, parts, 2, part->size);
	int err = n < 0 ? -errno : -ENOSPC;

	if (n == (ssize_t)length + 1) {
		part->size += n;
		part->lines++;
		return 0;
	}
	(void)!ftruncate(part->fd, part->size);
	return err;
}

int spool_put(struct spool *s, const char *line)
{
	size_t length = strlen(line);
	int err = 0;

	if (length >= LINE_MAX_SIZE || (off_t)length >= s->part_max)
		return -E2BIG;
	if (s->new.size > 0 && s->new.size + (off_t)length >= s->part_max)
		err = rotate(s);
	if (err == 0 && s->new.fd < 0)
		err = part_open(&s->new, O_CREAT);
	return err != 0 ? err : append(&s->new, line, length);
}

int spool_probe(struct spool *s)
{
	static const char block[4096];
	int err = s->new.fd < 0 ? part_open(&s->new, O_CREAT) : 0;
	ssize_t n;

	if (err != 0)
		return err;
	n = pwrite(s->new.fd, block, sizeof(block), s->new.size);
	err = n < 0 ? -errno : n < (ssize_t)sizeof(block) ? -ENOSPC : 0;
	(void)!ftruncate(s->new.fd, s->new.size);
	return err;
}

struct spool_entry *spool_next(struct spool *s, const struct spool_entry *after)
{
	struct entry *entry;

	fill_window(s);
	entry = after != NULL ? TAILQ_NEXT((const struct entry *)after, link)
			      : TAILQ_FIRST(&s->window);
	while (entry != NULL && entry->state != WAITING)
		entry = TAILQ_NEXT(entry, link);
	return entry != NULL ? &entry->public : NULL;
}

void spool_take(struct spool *s, struct spool_entry *entry)
{
	((struct entry *)entry)->state = TAKEN;
}

void spool_done(struct spool *s, struct spool_entry *entry)
{
	((struct entry *)entry)->state = DONE;
	s->undone--;
	trim_window(s);
}

void spool_again(struct spool *s, struct spool_entry *entry)
{
	((struct entry *)entry)->state = WAITING;
	is_dropped(s, (struct entry *)entry);
	trim_window(s);
}

struct spool_entry *spool_oldest(struct spool *s)
{
	fill_window(s);
	return TAILQ_EMPTY(&s->window) ? NULL : &TAILQ_FIRST(&s->window)->public;
}

size_t spool_waiting(const struct spool *s)
{
	return s->old.lines + s->new.lines + s->undone;
}

uint64_t spool_dropped(const struct spool *s)
{
	return s->dropped;
}

/* --- opening and closing ---------------------------------------------------------------------- */

/* Copies the lines that are not done to fd.  Returns 0 or -errno. */
static int copy_rest(struct part *part, int fd)
{
	char buffer[BUFSIZ];
	off_t at = part->done;
	ssize_t n;

	for (; (n = pread(part->fd, buffer, sizeof(buffer), at)) > 0; at += n)
		if (write(fd, buffer, (size_t)n) != n)
			return errno != 0 ? -errno : -ENOSPC;
	return n < 0 ? -errno : 0;
}

/* Replaces the file by one with only the lines that are not done.  If that fails, some lines are
 * sent twice, which is better than losing them. */
static void part_shed(struct part *part)
{
	char *path;
	int fd, err;

	if (part->fd < 0 || part->done == 0)
		return;
	if (asprintf(&path, "%s.rest", part->path) < 0)
		return;
	unlink(path); /* a vigild that was killed in this function left it */
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
	TAILQ_INIT(&s->window);
	s->part_max = (off_t)(size_max / 2);
	s->old.fd = s->new.fd = -1;
	s->new.path = strdup(path);
	if (s->new.path != NULL && asprintf(&s->old.path, "%s.old", path) < 0)
		s->old.path = NULL;
	if (s->old.path != NULL)
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
	while (!TAILQ_EMPTY(&s->window))
		entry_free(s, TAILQ_FIRST(&s->window));
	free(s->old.path);
	free(s->new.path);
	free(s);
}
