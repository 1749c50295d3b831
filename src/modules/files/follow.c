/* follow: see follow.h. */
#include "follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bookmark.h"
#include "content.h"
#include "facts.h"
#include "file_key.h"
#include "plain_text.h"
#include "rotated.h"

/* Bytes of one log that are read before the next one has its turn and the news are reported. */
#define BUDGET ((size_t)4 * 1024 * 1024)
/* Seconds in which lines are still expected in a file that was renamed. */
#define PREVIOUS_FOR 600.0
#define QUIET_FOR    10
/* Seconds after which the bookmark of a log that does not exist is dropped. */
#define GONE_FOR (14 * 86400.0)

struct place { /* an open file and what of it has been read */
	int fd;
	struct bookmark mark;
};

struct log {
	char *file;
	struct place now, previous; /* fd -1: not open */
	double previous_since, seen;
	bool has_mark; /* now.mark is set */
};

struct follow {
	const struct limits *limits;
	struct log *logs[FOLLOW_MAX];
	size_t count;
	bool first;
};
/* Bytes. A file with other numbers that has so many bytes of the log is the log. */
#define TELLING 64

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- lines ------------------------------------------------------------------------------------ */

struct reading {
	const struct limits *limits;
	struct follow_news *news;
};

static void on_line(char *line, size_t length, void *arg)
{
	const struct reading *reading = arg;
	const struct limits *l = reading->limits;
	struct follow_news *news = reading->news;

	news->lines++;
	if (regexec(&l->wanted, line, 0, NULL, 0) != 0 ||
		(l->has_unwanted && regexec(&l->unwanted, line, 0, NULL, 0) == 0))
		return;
	if (news->matches >= FOLLOW_LINES)
		memmove(news->last[0], news->last[1], (FOLLOW_LINES - 1) * FOLLOW_LINE);
	plain_text(news->last[news->matches < FOLLOW_LINES ? news->matches : FOLLOW_LINES - 1],
		FOLLOW_LINE, line, length);
	news->matches++;
}

static void note(struct follow_news *news, const char *file, const char *what)
{
	char name[FOLLOW_LINE / 2];

	if (news->note_count == sizeof(news->notes) / sizeof(news->notes[0]))
		return;
	plain_text(name, sizeof(name), file, strlen(file));
	snprintf(news->notes[news->note_count++], FOLLOW_LINE, "%s %s", name, what);
}

/* --- places ----------------------------------------------------------------------------------- */

static void shut(struct place *place)
{
	if (place->fd >= 0)
		close(place->fd);
	place->fd = -1;
}

/* Reads on from the place. `end`: the file will not grow any more. */
static int read_on(struct place *place, struct reading *reading, bool end)
{
	struct content c = {.fn = on_line, .arg = reading, .skipping = place->mark.skipping};
	off_t offset = place->mark.offset;
	bool more;
	int err = content_file(&c, place->fd, &offset, end ? SIZE_MAX : BUDGET, end, &more);

	place->mark.skipping = c.skipping;
	reading->news->more = reading->news->more || more;
	if (err == 0 && offset != place->mark.offset)
		err = bookmark_set(&place->mark, place->fd, offset);
	return err;
}

/* Searches the rest of a log that was rotated or truncated in its rotated files. */
static void read_rotated(struct log *log, struct reading *reading)
{
	struct content c = {.fn = on_line, .arg = reading};

	if (rotated_read(log->file, &log->now.mark, true, &c))
		note(reading->news, log->file,
			"was rotated; the rest of its earlier file was read");
	else if (log->now.mark.offset > 0)
		note(reading->news, log->file,
			"was rotated or truncated, and its earlier file was not found; lines at "
			"its "
			"end may have been missed");
}

static bool is_open_elsewhere(const struct follow *follow, const struct log *log, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	for (size_t i = 0; i < follow->count; i++) {
		const struct log *other = follow->logs[i];
		const struct bookmark *marks[] = {&other->now.mark, &other->previous.mark};

		for (int k = 0; k < 2 && other != log; k++)
			if (marks[k]->dev == st.st_dev && marks[k]->ino == st.st_ino)
				return true;
	}
	return false;
}

/* Keeps the file that was renamed, and reads from it from time to time. */
static void keep_previous(struct log *log, struct reading *reading)
{
	struct content c = {.fn = on_line, .arg = reading};

	/* There may have been several rotations since the last scan. */
	rotated_read(log->file, &log->now.mark, false, &c);
	if (log->previous.fd >= 0)
		read_on(&log->previous, reading, true);
	shut(&log->previous);
	log->previous = log->now;
	log->previous_since = seconds();
	log->now.fd = -1;
}

static int begin_at(struct place *place, int fd, bool end)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	place->fd = fd;
	place->mark.skipping = end && st.st_size > 0;
	if (place->mark.skipping) { /* if the last byte is a newline, the next line is whole */
		char last = '\0';

		if (pread(fd, &last, 1, st.st_size - 1) == 1)
			place->mark.skipping = last != '\n';
	}
	return bookmark_set(&place->mark, fd, end ? st.st_size : 0);
}

/* --- one log ---------------------------------------------------------------------------------- */

/* Takes the file that the name leads to at present: the same one, one that replaced it, or the
 * first one. Takes over the descriptor. */
static int take(struct follow *follow, struct log *log, int fd, struct reading *reading)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		close(fd);
		return -errno;
	}
	if (!log->has_mark) {
		log->has_mark = true;
		return begin_at(&log->now, fd, follow->first || is_open_elsewhere(follow, log, fd));
	}
	if ((log->now.mark.ino == st.st_ino || log->now.mark.offset >= TELLING) &&
		bookmark_holds(&log->now.mark, fd)) {
		/* Devices get other numbers at a boot, and some editors write a new file. */
		log->now.mark.dev = st.st_dev;
		log->now.mark.ino = st.st_ino;
		shut(&log->now);
		log->now.fd = fd;
		return 0;
	}
	if (is_open_elsewhere(follow, log, fd)) { /* another log of this path was renamed to this */
		shut(&log->now);
		return begin_at(&log->now, fd, true);
	}
	if (log->now.fd >= 0 && bookmark_holds(&log->now.mark, log->now.fd))
		keep_previous(log, reading);
	else
		read_rotated(log, reading);
	shut(&log->now);
	return begin_at(&log->now, fd, false);
}

/* Returns whether nothing was written to the file for a while, so that its last line is whole. */
static bool is_quiet(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && time(NULL) - st.st_mtim.tv_sec > QUIET_FOR;
}

static void read_previous(struct log *log, struct reading *reading)
{
	bool over = seconds() - log->previous_since > PREVIOUS_FOR;

	if (log->previous.fd < 0)
		return;
	if (!bookmark_holds(&log->previous.mark, log->previous.fd) ||
		read_on(&log->previous, reading, over || is_quiet(log->previous.fd)) != 0 || over)
		shut(&log->previous);
}

static struct log *log_of(struct follow *follow, const char *file)
{
	struct log *log;

	for (size_t i = 0; i < follow->count; i++)
		if (strcmp(follow->logs[i]->file, file) == 0)
			return follow->logs[i];
	if (follow->count == FOLLOW_MAX)
		return NULL;
	log = calloc(1, sizeof(*log));
	if (log == NULL || (log->file = strdup(file)) == NULL)
		abort();
	log->now.fd = -1;
	log->previous.fd = -1;
	follow->logs[follow->count++] = log;
	return log;
}

static void log_free(struct log *log)
{
	shut(&log->now);
	shut(&log->previous);
	free(log->file);
	free(log);
}

int follow_read(struct follow *follow, const char *file, struct follow_news *news)
{
	struct reading reading = {.limits = follow->limits, .news = news};
	struct log *log = log_of(follow, file);
	int fd, err = 0;

	if (log == NULL)
		return -E2BIG;
	fd = facts_open(file);
	if (fd >= 0) {
		log->seen = seconds();
		err = take(follow, log, fd, &reading);
	} else if (fd != -ENOENT) {
		err = fd;
	}
	if (err != 0)
		return err;
	/* If the name does not exist at present, the file may have been renamed just now. */
	if (log->previous.fd >= 0)
		read_previous(log, &reading);
	if (log->now.fd >= 0)
		err = read_on(&log->now, &reading, false);
	return err == 0 && fd < 0 && log->now.fd < 0 ? fd : err;
}

/* --- all logs --------------------------------------------------------------------------------- */

/* Opens the file that was renamed before a restart of this program, if it is still there. */
static void find_previous(struct log *log, const json_t *object)
{
	struct bookmark mark;

	if (!bookmark_read(&mark, object))
		return;
	log->previous.mark = mark;
	log->previous.fd = rotated_open(log->file, &mark);
	log->previous_since = seconds();
}

struct follow *follow_new(const struct limits *limits, const json_t *bookmarks, bool first)
{
	struct follow *follow = calloc(1, sizeof(*follow));
	const char *key;
	json_t *object;
	struct log *log;
	char *file;

	if (follow == NULL)
		abort();
	follow->limits = limits;
	follow->first = first;
	json_object_foreach((json_t *)bookmarks, key, object) {
		file = file_of_key(key);
		log = log_of(follow, file);
		free(file);
		if (log == NULL)
			break;
		log->has_mark = bookmark_read(&log->now.mark, object);
		log->seen = seconds();
		find_previous(log, json_object_get(object, "previous"));
	}
	return follow;
}

void follow_free(struct follow *follow)
{
	for (size_t i = 0; follow != NULL && i < follow->count; i++)
		log_free(follow->logs[i]);
	free(follow);
}

void follow_end_scan(struct follow *follow)
{
	follow->first = false;
	for (size_t i = 0; i < follow->count;) {
		struct log *log = follow->logs[i];

		if (log->seen > 0 && seconds() - log->seen <= GONE_FOR) {
			i++;
			continue;
		}
		/* A log that was never there has nothing to be kept. */
		log_free(log);
		follow->logs[i] = follow->logs[--follow->count];
	}
}

json_t *follow_bookmarks(const struct follow *follow)
{
	json_t *all = json_object();
	char *key;

	for (size_t i = 0; i < follow->count; i++) {
		const struct log *log = follow->logs[i];
		json_t *object = log->has_mark ? bookmark_json(&log->now.mark) : NULL;

		if (object != NULL && log->previous.fd >= 0)
			json_object_set_new(object, "previous", bookmark_json(&log->previous.mark));
		if (object != NULL) {
			key = file_key(log->file);
			json_object_set_new(all, key, object);
			free(key);
		}
	}
	return all;
}
