/*
 * event_log: see event_log.h.  A line is appended by one write, so that a process that is killed
 * leaves a complete line or none.  A machine that stops may leave an incomplete line, which later
 * lines are not appended to, and which is ignored when the file is read.
 */
#include "persist/event_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/trust.h"
#include "persist/store.h"

#define DIRECTORY "events"
/* The least time between two log lines about events that are lost. */
#define QUIET (600 * CLOCK_SECOND)
/* The name of a daemon and "~". */
#define FILE_NAME 80

struct event_log {
	int dir;             /* negative: the log cannot be written */
	uint64_t complained; /* when a lost event was logged, by clock_now; 0: never */
};

/* --- writing ---------------------------------------------------------------------------------- */

static void complain(struct event_log *log, const char *name, int err)
{
	uint64_t now = clock_now();

	if (log->complained != 0 && now - log->complained < QUIET)
		return;
	log->complained = now;
	log_warn("an event of %s could not be stored in " DIRECTORY "/%s: %s", name, name,
		strerror(-err));
}

static const char *old_name(char old[FILE_NAME], const char *name)
{
	snprintf(old, FILE_NAME, "%s~", name);
	return old;
}

/* Opens the file for appending and returns its size.  Files of other types, which somebody else
 * must have put there, are not written to. */
static int open_file(const struct event_log *log, const char *name, off_t *size)
{
	int fd = openat(log->dir, name,
		O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	if (err == 0) {
		*size = st.st_size;
		return fd;
	}
	close(fd);
	return err;
}

/* Returns a descriptor of a file with room for another line. */
static int open_with_room(const struct event_log *log, const char *name, off_t *size)
{
	char old[FILE_NAME];
	int fd = open_file(log, name, size);

	if (fd < 0 || *size < EVENT_LOG_FILE_MAX)
		return fd;
	close(fd);
	if (renameat(log->dir, name, log->dir, old_name(old, name)) < 0)
		return -errno;
	return open_file(log, name, size);
}

static bool ends_with_newline(int fd, off_t size)
{
	char last = '\n';

	return size == 0 || (pread(fd, &last, 1, size - 1) == 1 && last == '\n');
}

/* Appends the line, which begins and ends with a newline; the first one is only needed after an
 * incomplete line. */
static int append(int fd, off_t size, const char *line)
{
	ssize_t n;
	size_t length;

	if (ends_with_newline(fd, size))
		line++;
	length = strlen(line);
	n = write(fd, line, length);
	if (n == (ssize_t)length)
		return 0;
	n = n < 0 ? -errno : -ENOSPC;
	(void)!ftruncate(fd, size);
	return (int)n;
}

void event_log_add(struct event_log *log, const char *name, const char *time, const char *text,
	const json_t *detail)
{
	json_t *event = json_pack("{s:s,s:s,s:O*}", "time", time, "text", text, "detail", detail);
	char *json = json_dumps(event, JSON_COMPACT), *line;
	off_t size;
	int fd, err;

	json_decref(event);
	if (log->dir >= 0 && json != NULL) {
		line = memory_format("\n%s\n", json);
		fd = open_with_room(log, name, &size);
		err = fd < 0 ? fd : append(fd, size, line);
		if (fd >= 0)
			close(fd);
		if (err != 0)
			complain(log, name, err);
		free(line);
	}
	free(json);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Reads a file that event_log_add has written.  NULL: there is none, or it cannot be read. */
static char *load(const struct event_log *log, const char *name, size_t *length)
{
	/* The last line may exceed the limit of the size. */
	enum { MOST = 2 * EVENT_LOG_FILE_MAX };
	int fd = openat(log->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	char *text = NULL;
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		text = memory_zero(MOST);
		n = read(fd, text, MOST);
	}
	close(fd);
	if (n > 0) {
		*length = (size_t)n;
		return text;
	}
	free(text);
	return NULL;
}

static bool is_event(const json_t *event)
{
	return json_is_string(json_object_get(event, "time")) &&
	       json_is_string(json_object_get(event, "text"));
}

/* Whether the line says that its event is older.  Most lines need not be parsed then. */
static bool is_older(const char *line, size_t length, const char *since)
{
	static const char begin[] = "{\"time\":\"";
	const size_t at = sizeof(begin) - 1, n = strlen(since);

	return length > at + n && memcmp(line, begin, at) == 0 && memcmp(line + at, since, n) < 0;
}

/* Adds the event of one line to the events, if it is complete and recent. */
static void take(json_t *events, const char *line, size_t length, const char *since)
{
	json_t *event;

	if (is_older(line, length, since))
		return;
	event = json_loadb(line, length, JSON_ALLOW_NUL, NULL);
	if (is_event(event) &&
		strcmp(json_string_value(json_object_get(event, "time")), since) >= 0)
		json_array_append(events, event);
	json_decref(event);
}

/* Adds the events of a file to the events, newest first. */
static void take_file(const struct event_log *log, const char *name, const char *since, size_t max,
	json_t *events)
{
	size_t end = 0, begin;
	char *text = load(log, name, &end);

	while (text != NULL && end > 0 && (max == 0 || json_array_size(events) < max)) {
		end--; /* the newline, or the end of an incomplete line */
		for (begin = end; begin > 0 && text[begin - 1] != '\n'; begin--)
			;
		take(events, text + begin, end - begin, since);
		end = begin;
	}
	free(text);
}

json_t *event_log_read(const struct event_log *log, const char *name, const char *since, size_t max)
{
	json_t *newest_first = json_array(), *events = json_array();
	char old[FILE_NAME];

	if (log->dir >= 0) {
		take_file(log, name, since, max, newest_first);
		take_file(log, old_name(old, name), since, max, newest_first);
	}
	for (size_t i = json_array_size(newest_first); i > 0; i--)
		json_array_append(events, json_array_get(newest_first, i - 1));
	json_decref(newest_first);
	return events;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Returns a descriptor of the directory, or -errno with the reason in why. */
static int open_directory(const char *state_dir, char *why, size_t size)
{
	int parent = store_open_dir(state_dir, why, size), fd = -1, err;

	if (parent < 0)
		return parent;
	if (mkdirat(parent, DIRECTORY, 0750) == 0 || errno == EEXIST)
		fd = openat(parent, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = fd < 0 ? -errno : 0;
	close(parent);
	if (err != 0)
		snprintf(why, size, "%s/" DIRECTORY ": %s", state_dir, strerror(-err));
	return err != 0 ? err : fd;
}

struct event_log *event_log_open(const char *state_dir)
{
	struct event_log *log = memory_zero(sizeof(*log));
	char why[TRUST_WHY] = "";

	log->dir = open_directory(state_dir, why, sizeof(why));
	if (log->dir < 0)
		log_warn("the events of the daemons are not stored: %s", why);
	return log;
}

void event_log_close(struct event_log *log)
{
	if (log == NULL)
		return;
	if (log->dir >= 0)
		close(log->dir);
	free(log);
}
