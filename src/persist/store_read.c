/*
 * store_read: see store_read.h.  A file that is too large, damaged or not trusted is never a fatal
 * error.  vigild then reads the older file, or starts with an empty store.
 */
#include "persist/store_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/trust.h"
#include "persist/store_limit.h"
#include "state/state.h"

static json_t *parse(const char *text, size_t length, const char *path)
{
	json_error_t error;
	json_t *doc;

	memory_untrusted_begin();
	doc = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (memory_untrusted_end()) {
		json_decref(doc);
		errno = ENOMEM;
		return NULL;
	}
	errno = 0;
	if (doc != NULL && json_is_object(doc) &&
		json_depth(doc, STATE_DEPTH_MAX + 4) <= STATE_DEPTH_MAX + 4)
		return doc;
	log_warn("%s cannot be parsed (line %d: %s)", path, error.line,
		doc == NULL ? error.text : "it was not written by vigild");
	json_decref(doc);
	return NULL;
}

static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t n;

	while (length < size && (n = read(fd, text + length, size - length)) != 0) {
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			length += (size_t)n;
	}
	return (ssize_t)length;
}

/* Returns NULL and sets errno on failure: ENOENT, ENOMEM, or another error. */
static json_t *read_file(const char *dir, const char *name)
{
	char *path = memory_format("%s/%s", dir, name), *text = NULL, why[TRUST_WHY];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	json_t *doc = NULL;
	struct stat st;
	ssize_t n;
	int err = 0;

	if (fd < 0) {
		err = errno;
		if (err != ENOENT)
			log_warn("%s cannot be opened: %s", path, strerror(err));
		goto out;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		log_warn("%s is not a regular file", path);
		goto out;
	}
	if (st.st_size > (off_t)STORE_SIZE_MAX) {
		log_warn("%s is not read: it has %jd bytes, and the maximum is %zu", path,
			(intmax_t)st.st_size, STORE_SIZE_MAX);
		goto out;
	}
	if (trust_descriptor(fd, &st, path, NULL, why, sizeof(why)) != 0) {
		log_warn("%s is not read: %s", path, why);
		goto out;
	}
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL) {
		err = ENOMEM;
		goto out;
	}
	n = read_all(fd, text, (size_t)st.st_size);
	if (n >= 0)
		doc = parse(text, (size_t)n, path);
	else
		log_warn("%s cannot be read: %s", path, strerror(errno));
	err = errno;
out:
	if (fd >= 0)
		close(fd);
	free(text);
	free(path);
	errno = err;
	return doc;
}

static void set_aside(const char *dir, const char *name, const char *new_name)
{
	char *from = memory_format("%s/%s", dir, name);
	char *to = memory_format("%s/%s", dir, new_name);

	if (rename(from, to) == 0)
		log_warn("%s was renamed to %s, because it cannot be used", from, to);
	free(from);
	free(to);
}

/* Returns whether vigild lacks memory or descriptors, so that the file itself may be fine. */
static bool is_passing(int err)
{
	return err == ENOMEM || err == EMFILE || err == ENFILE;
}

json_t *store_read(const char *dir)
{
	json_t *doc = read_file(dir, STORE_FILE);
	bool damaged;

	if (doc != NULL || is_passing(errno))
		return doc;
	damaged = errno != ENOENT;
	doc = read_file(dir, STORE_FILE_OLD);
	if (doc == NULL && is_passing(errno))
		return NULL;
	if (doc == NULL && !damaged && errno != ENOENT)
		set_aside(dir, STORE_FILE_OLD, STORE_FILE_LOST);
	else if (damaged)
		set_aside(dir, STORE_FILE, doc != NULL ? STORE_FILE_BAD : STORE_FILE_LOST);
	if (doc == NULL)
		return json_object();
	log_warn("using the older %s/" STORE_FILE_OLD, dir);
	return doc;
}
