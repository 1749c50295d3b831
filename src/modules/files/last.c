/* last: see last.h. */
#include "last.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "facts.h"
#include "plain_text.h"

/* The time of a file is rounded, and the start of a run is not known exactly. */
#define SLACK 1.0

static void print_head(const char *end, const char *path, const char *why)
{
	char clean[PLAIN_PATH], note[PLAIN_PATH + 200] = "";
	json_t *head;

	if (why != NULL)
		snprintf(note, sizeof(note), "%s: %s",
			plain_text(clean, sizeof(clean), path, strlen(path)), why);
	head = json_pack("{s:s,s:s}", "end", end, "note", note);
	json_dumpf(head, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(head);
}

/* Returns from where the file is read. *cut: the first line may be incomplete. */
static off_t begin_of(const struct stat *st, const char *mark, bool *cut)
{
	unsigned long long inode;
	long long offset;
	off_t begin = st->st_size > LAST_BYTES ? st->st_size - LAST_BYTES : 0;

	*cut = begin > 0;
	if (sscanf(mark, "%llu:%lld", &inode, &offset) != 2 || inode != st->st_ino ||
		offset > st->st_size || offset < begin)
		return begin;
	*cut = false;
	return offset;
}

/* Returns the number of bytes that were read. */
static size_t read_all(int fd, char *text, size_t size, off_t begin)
{
	size_t used = 0;
	ssize_t n;

	while (used < size) {
		n = pread(fd, text + used, size - used, begin + (off_t)used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	return used;
}

/* Returns the beginning of the last lines. */
static const char *last_lines(const char *text, const char *end)
{
	unsigned lines = 0;
	const char *at = end > text && end[-1] == '\n' ? end - 1 : end;

	while (at > text && !(at[-1] == '\n' && ++lines == LAST_LINES))
		at--;
	return at;
}

static void print_lines(const char *text, const char *end)
{
	for (const char *at = last_lines(text, end), *next; at < end; at = next + 1) {
		size_t length;

		next = memchr(at, '\n', (size_t)(end - at));
		if (next == NULL)
			next = end;
		length = (size_t)(next - at);
		fwrite(at, 1, length < LAST_LINE ? length : LAST_LINE, stdout);
		putchar('\n');
	}
}

static void print_open(
	int fd, const struct stat *st, const char *path, const char *mark, double since)
{
	static char text[LAST_BYTES];
	const char *from = text, *newline;
	char end[48];
	size_t length;
	bool cut;
	off_t begin = begin_of(st, mark, &cut);

	snprintf(end, sizeof(end), "%llu:%lld", (unsigned long long)st->st_ino,
		(long long)st->st_size);
	if (since > 0 && (double)st->st_mtim.tv_sec + 1 < since - SLACK) {
		print_head(end, path, "it was last written before this run began");
		return;
	}
	length = read_all(fd, text, (size_t)(st->st_size - begin), begin);
	newline = cut ? memchr(text, '\n', length) : NULL;
	if (newline != NULL && newline + 1 < text + length)
		from = newline + 1;
	print_head(end, path, length == 0 ? "it has no output of this run" : NULL);
	print_lines(from, text + length);
}

int last_print(const char *path, const char *mark, const char *since)
{
	struct stat st;
	int fd = facts_open(path);

	if (fd < 0) {
		print_head("", path, facts_open_error(fd));
	} else if (fstat(fd, &st) < 0) {
		print_head("", path, strerror(errno));
	} else {
		print_open(fd, &st, path, mark, strtod(since, NULL));
	}
	if (fd >= 0)
		close(fd);
	return fflush(stdout) == 0 ? 0 : 1;
}
