/*
 * store: what outlives the host: values that daemons keep, pauses, counters.
 *
 * The document is written whole, bit by bit where it is long: to a temporary file beside it, the
 * present one linked as state.json.old, the new one renamed into its place.  Whatever moment the
 * machine picks to stop, a whole file of the present or of the generation before is there.  Only
 * at stop is it fsynced: that may take a second, and the loop has other things to do.
 */
#include "persist/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/trust.h"
#include "state/state.h"
#include "loop/loop.h"

#define FILE_NAME      "state.json"
#define FILE_OLD       "state.json.old"
#define FILE_NEW       "state.json.new"
#define FILE_BAD       "state.json.bad"
#define STORE_SIZE_MAX (64 * 1024 * 1024)

/* Changes that come together are written together. */
#define SOON (CLOCK_SECOND)
/* Where it could not be written, it is tried again after so long. */
#define LATER (10 * CLOCK_SECOND)
/* So much of it is put together in one turn of the loop. */
#define TURN (5 * CLOCK_MS)

/* A file that is being written. */
struct saving {
	bool under_way;
	int dir, fd;
	const char *section, *name; /* what stands in it last; NULL: nothing yet */
};

struct store {
	char *dir;
	json_t *doc; /* sections of names, neither of which ever go, of keys and values */
	struct loop_timer *timer;
	bool dirty;
	struct saving saving;
	char why[TRUST_WHY]; /* the directory is not trusted; "": it is */
};

/* --- the directory ---------------------------------------------------------------------------- */

int store_open_dir(const char *dir, char *why, size_t size)
{
	struct stat st;
	int place = trust_open(dir, NULL, 0, &st, why, size), fd;

	if (place < 0)
		return place;
	fd = trust_reopen(place, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		snprintf(why, size, "%s: %s", dir, strerror(-fd));
	close(place);
	return fd;
}

/* --- reading ---------------------------------------------------------------------------------- */

static json_t *parse(const char *text, size_t length, const char *path)
{
	json_error_t error;
	json_t *doc;

	memory_untrusted_begin();
	doc = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (memory_untrusted_end()) {
		json_decref(doc);
		errno = ENOMEM;
		return NULL;
	}
	errno = 0;
	if (doc != NULL && json_is_object(doc) &&
		json_depth(doc, STATE_DEPTH_MAX + 4) <= STATE_DEPTH_MAX + 4)
		return doc;
	log_warn("%s cannot be read (line %d: %s)", path, error.line,
		doc == NULL ? error.text : "not what vigil writes");
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

/* NULL with errno: ENOENT, ENOMEM, or what else is wrong with it. */
static json_t *read_file(const struct store *store, const char *name)
{
	char *path = memory_format("%s/%s", store->dir, name), *text = NULL, why[TRUST_WHY];
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
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > STORE_SIZE_MAX) {
		log_warn("%s is no file of a likely size", path);
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

static void set_aside(const struct store *store)
{
	char *from = memory_format("%s/" FILE_NAME, store->dir);
	char *to = memory_format("%s/" FILE_BAD, store->dir);

	if (rename(from, to) == 0)
		log_warn("%s is set aside as %s", from, to);
	free(from);
	free(to);
}

/* Whether it is the host that lacks something, and nothing is wrong with the file. */
static bool is_passing(int err)
{
	return err == ENOMEM || err == EMFILE || err == ENFILE;
}

/* NULL with errno: it cannot be read now, and must not be taken for lost. */
static json_t *read_newest(const struct store *store)
{
	json_t *doc = read_file(store, FILE_NAME);

	if (doc != NULL || is_passing(errno))
		return doc;
	if (errno != ENOENT)
		set_aside(store);
	doc = read_file(store, FILE_OLD);
	if (doc != NULL)
		log_warn("the older %s/" FILE_OLD " is taken", store->dir);
	return doc != NULL || is_passing(errno) ? doc : json_object();
}

/* --- writing ---------------------------------------------------------------------------------- */

static int write_all(int fd, const char *text, size_t length)
{
	ssize_t n;

	while (length > 0) {
		n = write(fd, text, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		length -= (size_t)n;
	}
	return 0;
}

/* What lies there already is of one that was killed, or another's link or pipe: never written to. */
static int open_new(int dir)
{
	int fd = -1;

	if (unlinkat(dir, FILE_NEW, 0) == 0 || errno == ENOENT)
		fd = openat(
			dir, FILE_NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	return fd < 0 ? -errno : fd;
}

static int put_in_place(int dir, bool sync)
{
	/* Failing here loses the generation before, never the present one. */
	if (unlinkat(dir, FILE_OLD, 0) == 0 || errno == ENOENT)
		(void)!linkat(dir, FILE_NAME, dir, FILE_OLD, 0);
	if (renameat(dir, FILE_NEW, dir, FILE_NAME) < 0)
		return -errno;
	return sync && fsync(dir) < 0 ? -errno : 0;
}

/* What stands after that key (NULL: first); nothing is ever taken out of those that this is asked
 * of, so a key once met is there. */
static void *after(json_t *object, const char *key)
{
	if (key == NULL)
		return json_object_iter(object);
	return json_object_iter_next(object, json_object_iter_at(object, key));
}

/* Returns the key, good as long as the document. */
static const char *say_key(FILE *to, const char *before, void *iter)
{
	const char *name = json_object_iter_key(iter);
	json_t *key = json_string(name);

	fputs(before, to);
	json_dumpf(key, to, JSON_ENCODE_ANY);
	fputs(": ", to);
	json_decref(key);
	return name;
}

/* The next name with all that is under it, or the next section's beginning; false at the end. */
static bool say_next(struct saving *saving, json_t *doc, FILE *to)
{
	json_t *section = saving->section != NULL ? json_object_get(doc, saving->section) : NULL;
	void *iter = after(section, saving->name);

	if (iter != NULL) {
		saving->name = say_key(to, saving->name != NULL ? ",\n  " : "\n  ", iter);
		json_dumpf(json_object_iter_value(iter), to, JSON_SORT_KEYS | JSON_ENCODE_ANY);
		return true;
	}
	if (section != NULL)
		fputs("\n }", to);
	iter = after(doc, saving->section);
	fputs(saving->section == NULL ? "{" : "", to);
	if (iter == NULL) {
		fputs("\n}\n", to);
		return false;
	}
	saving->section = say_key(to, saving->section != NULL ? ",\n " : "\n ", iter);
	saving->name = NULL;
	fputs("{", to);
	return true;
}

/* Writes for so long; 1: there is more, 0: that was all, or -errno. */
static int write_some(struct store *store, uint64_t time)
{
	uint64_t began = clock_now();
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);
	bool more = true, refused;
	int err;

	if (to == NULL)
		return -ENOMEM;
	memory_untrusted_begin();
	while (more && clock_now() - began < time)
		more = say_next(&store->saving, store->doc, to);
	refused = memory_untrusted_end() || ferror(to);
	/* jansson goes on without what it could not add: that must not come into the file. */
	if (fclose(to) != 0 || refused)
		err = -ENOMEM;
	else
		err = write_all(store->saving.fd, text, length);
	free(text);
	return err != 0 ? err : more;
}

static int open_dir(struct store *store)
{
	int fd = store_open_dir(store->dir, store->why, sizeof(store->why));

	if (fd != -EPERM)
		store->why[0] = '\0';
	return fd;
}

static int begin_saving(struct store *store)
{
	struct saving *saving = &store->saving;

	*saving = (struct saving){.dir = open_dir(store), .fd = -1};
	if (saving->dir < 0)
		return saving->dir;
	saving->fd = open_new(saving->dir);
	saving->under_way = true;
	store->dirty = false;
	return saving->fd < 0 ? saving->fd : 0;
}

/* err: how it went so far; hands on how it went in all. */
static int end_saving(struct store *store, int err, bool sync)
{
	struct saving *saving = &store->saving;

	if (err == 0 && sync && fsync(saving->fd) < 0)
		err = -errno;
	if (saving->fd >= 0 && close(saving->fd) < 0 && err == 0)
		err = -errno;
	if (err == 0)
		err = put_in_place(saving->dir, sync);
	if (saving->dir >= 0)
		close(saving->dir);
	saving->under_way = false;
	store->dirty = store->dirty || err != 0;
	return err;
}

static void note_outcome(const struct store *store, int err)
{
	if (err == 0)
		degraded_clear(DEGRADED_STATE);
	else if (store->why[0] != '\0')
		degraded_set(
			DEGRADED_STATE, "%s/" FILE_NAME " is not used: %s", store->dir, store->why);
	else
		degraded_set(DEGRADED_STATE, "%s/" FILE_NAME " cannot be written: %s", store->dir,
			strerror(-err));
}

int store_save(struct store *store, bool sync)
{
	int err;

	if (store->saving.under_way)
		end_saving(store, -ECANCELED, false);
	if (!store->dirty)
		return 0;
	err = begin_saving(store);
	if (err == 0)
		err = write_some(store, UINT64_MAX);
	err = end_saving(store, err, sync);
	note_outcome(store, err);
	return err;
}

/* What is changed meanwhile may be in the file or not, and is written again. */
static void on_soon(uint64_t missed, void *arg)
{
	struct store *store = arg;
	int err = 0;

	if (!store->saving.under_way && !store->dirty)
		return;
	if (!store->saving.under_way)
		err = begin_saving(store);
	if (err == 0)
		err = write_some(store, TURN);
	if (err == 1) {
		loop_timer_rearm(store->timer, 0);
		return;
	}
	err = end_saving(store, err, false);
	note_outcome(store, err);
	if (err != 0)
		loop_timer_rearm(store->timer, LATER);
	else if (store->dirty)
		loop_timer_rearm(store->timer, SOON);
}

/* --- the document ----------------------------------------------------------------------------- */

json_t *store_get(struct store *store, const char *section, const char *name, const char *key)
{
	return json_object_get(json_object_get(json_object_get(store->doc, section), name), key);
}

json_t *store_section(struct store *store, const char *section)
{
	return json_object_get(store->doc, section);
}

static json_t *child(json_t *parent, const char *name)
{
	json_t *found = json_object_get(parent, name);

	if (json_is_object(found))
		return found;
	found = json_object();
	json_object_set_new(parent, name, found);
	return found;
}

void store_put(struct store *store, const char *section, const char *name, const char *key,
	const json_t *value)
{
	json_t *before = store_get(store, section, name, key), *place;

	if (value == NULL ? before == NULL : json_equal(before, value))
		return;
	place = child(child(store->doc, section), name);
	if (value != NULL)
		json_object_set_new(place, key, json_deep_copy(value));
	else
		json_object_del(place, key);
	store->dirty = true;
	if (loop_timer_due(store->timer) == 0)
		loop_timer_rearm(store->timer, SOON);
}

void store_put_new(
	struct store *store, const char *section, const char *name, const char *key, json_t *value)
{
	store_put(store, section, name, key, value);
	json_decref(value);
}

/* Whether what lies in the directory may be read. */
static bool may_read(struct store *store)
{
	int fd = open_dir(store);

	if (fd >= 0)
		close(fd);
	else
		note_outcome(store, fd);
	return fd != -EPERM;
}

struct store *store_open(struct loop *loop, const char *dir)
{
	struct store *store = memory_zero(sizeof(*store));

	store->dir = memory_text(dir);
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		note_outcome(store, -errno);
	store->timer = loop_after(loop, 0, on_soon, store);
	if (store->timer != NULL)
		store->doc = may_read(store) ? read_newest(store) : json_object();
	if (store->doc == NULL) {
		int err = errno;

		store_close(store);
		errno = err;
		return NULL;
	}
	loop_timer_stop(store->timer);
	return store;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_save(store, true);
	loop_timer_free(store->timer);
	json_decref(store->doc);
	free(store->dir);
	free(store);
}
