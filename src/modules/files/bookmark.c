/* bookmark: see bookmark.h. */
#include "bookmark.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sha256.h"

#define PIECE 65536

static size_t span(off_t offset)
{
	return offset < BOOKMARK_SPAN ? (size_t)offset : BOOKMARK_SPAN;
}

static void digest(const char *data, size_t size, char text[BOOKMARK_DIGITS])
{
	char whole[SHA256_TEXT];
	struct sha256 sum;

	sha256_begin(&sum);
	sha256_add(&sum, data, size);
	sha256_end(&sum, whole);
	memcpy(text, whole, BOOKMARK_DIGITS - 1);
	text[BOOKMARK_DIGITS - 1] = '\0';
}

/* Reads exactly so many bytes of a file. */
static int read_at(int fd, char *data, size_t size, off_t offset)
{
	size_t have = 0;
	ssize_t n;

	while (have < size) {
		n = pread(fd, data + have, size - have, offset + (off_t)have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		have += (size_t)n;
	}
	return 0;
}

int bookmark_set(struct bookmark *mark, int fd, off_t offset)
{
	char data[BOOKMARK_SPAN];
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0)
		return -errno;
	mark->dev = st.st_dev;
	mark->ino = st.st_ino;
	mark->offset = offset;
	err = read_at(fd, data, span(offset), 0);
	if (err != 0)
		return err;
	digest(data, span(offset), mark->head);
	err = read_at(fd, data, span(offset), offset - (off_t)span(offset));
	if (err != 0)
		return err;
	digest(data, span(offset), mark->tail);
	return 0;
}

bool bookmark_holds(const struct bookmark *mark, int fd)
{
	struct bookmark now;
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size < mark->offset)
		return false;
	return bookmark_set(&now, fd, mark->offset) == 0 && strcmp(now.head, mark->head) == 0 &&
	       strcmp(now.tail, mark->tail) == 0;
}

/* Reads up to so many bytes of a pipe. Returns their number, which is less at the end. */
static size_t read_pipe(int fd, char *data, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size) {
		n = read(fd, data + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return have;
}

bool bookmark_skip(const struct bookmark *mark, int fd)
{
	static char data[BOOKMARK_SPAN + PIECE]; /* the last bytes of the previous piece first */
	size_t kept = 0, n, wanted = span(mark->offset);
	char text[BOOKMARK_DIGITS];
	off_t at = 0;

	while (at < mark->offset) {
		n = mark->offset - at < PIECE ? (size_t)(mark->offset - at) : PIECE;
		if (read_pipe(fd, data + kept, n) < n)
			return false;
		if (at == 0) { /* the first piece has the whole head, because a piece is larger */
			digest(data, wanted, text);
			if (strcmp(text, mark->head) != 0)
				return false;
		}
		at += (off_t)n;
		kept += n;
		if (kept > BOOKMARK_SPAN) {
			memmove(data, data + kept - BOOKMARK_SPAN, BOOKMARK_SPAN);
			kept = BOOKMARK_SPAN;
		}
	}
	digest(data + kept - wanted, wanted, text);
	return strcmp(text, mark->tail) == 0;
}

json_t *bookmark_json(const struct bookmark *mark)
{
	return json_pack("{s:I,s:I,s:I,s:b,s:s,s:s}", "dev", (json_int_t)mark->dev, "ino",
		(json_int_t)mark->ino, "offset", (json_int_t)mark->offset, "skipping",
		mark->skipping, "head", mark->head, "tail", mark->tail);
}

bool bookmark_read(struct bookmark *mark, const json_t *object)
{
	const char *head = json_string_value(json_object_get(object, "head"));
	const char *tail = json_string_value(json_object_get(object, "tail"));
	json_int_t offset = json_integer_value(json_object_get(object, "offset"));

	if (head == NULL || tail == NULL || offset < 0)
		return false;
	memset(mark, 0, sizeof(*mark));
	mark->dev = (dev_t)json_integer_value(json_object_get(object, "dev"));
	mark->ino = (ino_t)json_integer_value(json_object_get(object, "ino"));
	mark->offset = (off_t)offset;
	mark->skipping = json_is_true(json_object_get(object, "skipping"));
	snprintf(mark->head, sizeof(mark->head), "%s", head);
	snprintf(mark->tail, sizeof(mark->tail), "%s", tail);
	return true;
}
