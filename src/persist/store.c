/*
 * store: keeps the document in memory and writes it to state.json.
 *
 * The whole document is written to a temporary file, in slices when it is long.  Then state.json is
 * linked as state.json.old, and the temporary file is renamed to state.json.  So whenever the
 * machine stops, there is a complete current or previous file.  The file is synced only at stop,
 * because fsync may block for a second, and the loop thread has other work.
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
#include "loop/loop.h"
#include "persist/store_limit.h"
#include "persist/store_loss.h"
#include "persist/store_read.h"
#include "state/state.h"

#define FILE_NEW "state.json.new"

/* Several changes within this time are written together. */
#define SOON (CLOCK_SECOND)
/* A failed write is tried again after this time. */
#define LATER (10 * CLOCK_SECOND)
/* The least time between two log lines about values that are not saved. */
#define QUIET (600 * CLOCK_SECOND)
/* The time in which text is generated and written in one iteration of the loop. */
#define TURN (5 * CLOCK_MS)

/* A file that is being written. */
struct saving {
	bool under_way;
	int dir, fd;
	const char *section, *name; /* the last ones that were written; NULL: none yet */
	struct store_sizes sizes;   /* of the text so far */
};

struct store {
	char *dir;
	json_t *doc; /* section -> name -> key -> value; sections and names are never removed */
	struct loop_timer *timer;
	struct store_loss *loss;
	bool dirty;
	bool unsynced; /* the file was written without fsync */
	struct saving saving;
	bool too_large;          /* the last file exceeded STORE_SIZE_MAX */
	uint64_t problem_logged; /* when a rejected value was logged, by clock_now; 0: never */
	char why[TRUST_WHY];     /* why the directory is not trusted; "": it is trusted */
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

/* Removes an existing temporary file first, because it is either the file of a vigild that was
 * killed or somebody else's link or pipe, and must not be written to. */
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
	/* A failure here loses the previous file, never the current one. */
	if (unlinkat(dir, STORE_FILE_OLD, 0) == 0 || errno == ENOENT)
		(void)!linkat(dir, STORE_FILE, dir, STORE_FILE_OLD, 0);
	if (renameat(dir, FILE_NEW, dir, STORE_FILE) < 0)
		return -errno;
	return sync && fsync(dir) < 0 ? -errno : 0;
}

/* Returns the iterator after that key (NULL: the first one).  The key always exists, because
 * nothing is removed from these objects. */
static void *after(json_t *object, const char *key)
{
	if (key == NULL)
		return json_object_iter(object);
	return json_object_iter_next(object, json_object_iter_at(object, key));
}

/* Writes a key.  Returns it, valid as long as the document; NULL: it cannot be written. */
static const char *write_key(FILE *to, const char *before, void *iter)
{
	const char *name = json_object_iter_key(iter);
	json_t *key = json_string(name);
	int err;

	fputs(before, to);
	err = json_dumpf(key, to, JSON_ENCODE_ANY);
	fputs(": ", to);
	json_decref(key);
	return err == 0 ? name : NULL;
}

/* Writes the next name with all of its keys, or the start of the next section.  Returns 1; 0 at the
 * end; -EILSEQ: a value cannot be written. */
static int write_next(struct saving *saving, json_t *doc, FILE *to)
{
	json_t *section = saving->section != NULL ? json_object_get(doc, saving->section) : NULL;
	void *iter = after(section, saving->name);

	if (iter != NULL) {
		saving->name = write_key(to, saving->name != NULL ? ",\n  " : "\n  ", iter);
		return saving->name != NULL && json_dumpf(json_object_iter_value(iter), to,
						       JSON_SORT_KEYS | JSON_ENCODE_ANY) == 0
			       ? 1
			       : -EILSEQ;
	}
	if (section != NULL)
		fputs("\n }", to);
	iter = after(doc, saving->section);
	fputs(saving->section == NULL ? "{" : "", to);
	if (iter == NULL) {
		fputs("\n}\n", to);
		return 0;
	}
	saving->section = write_key(to, saving->section != NULL ? ",\n " : "\n ", iter);
	saving->name = NULL;
	fputs("{", to);
	return saving->section != NULL ? 1 : -EILSEQ;
}

/* Does the same as write_next, and counts the bytes. */
static int write_counted(struct saving *saving, json_t *doc, FILE *to)
{
	long before = ftell(to);
	int more = write_next(saving, doc, to);

	store_sizes_add(&saving->sizes, saving->name, (size_t)(ftell(to) - before));
	return more;
}

/* Generates text for that time.  Returns as write_next; -ENOMEM: the text is incomplete. */
static int write_until(struct store *store, uint64_t time, FILE *to)
{
	uint64_t began = clock_now();
	int more = 1;

	memory_untrusted_begin();
	while (more == 1 && clock_now() - began < time)
		more = write_counted(&store->saving, store->doc, to);
	/* When jansson lacks memory, it leaves out a part and continues; such a text must not be
	 * written. */
	return memory_untrusted_end() || ferror(to) ? -ENOMEM : more;
}

/* Writes for that time.  Returns 1: there is more; 0: the file is complete; or -errno.  When the
 * next start would not read the file because it is too long, the rest is measured for the log but
 * not written. */
static int write_some(struct store *store, uint64_t time)
{
	struct saving *saving = &store->saving;
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);
	int more, err = 0;

	if (to == NULL)
		return -ENOMEM;
	more = write_until(store, time, to);
	if (fclose(to) != 0)
		more = -ENOMEM;
	if (more >= 0 && saving->sizes.total <= STORE_SIZE_MAX)
		err = write_all(saving->fd, text, length);
	else if (more == 0)
		err = -EFBIG;
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

/* Finishes a write.  err: the result so far.  Returns the result of the whole write. */
static int end_saving(struct store *store, int err, bool sync)
{
	struct saving *saving = &store->saving;

	if (err == 0 && sync && fsync(saving->fd) < 0)
		err = -errno;
	/* fsync would block the loop.  This makes the kernel begin to write now and not after 30 s,
	 * in which a power cut could leave both this file and the previous one empty. */
	if (err == 0 && !sync)
		(void)!sync_file_range(saving->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	if (saving->fd >= 0 && close(saving->fd) < 0 && err == 0)
		err = -errno;
	if (err == 0)
		err = put_in_place(saving->dir, sync);
	if (err != 0 && saving->fd >= 0)
		unlinkat(saving->dir, FILE_NEW, 0); /* because it may be what fills the disk */
	if (saving->dir >= 0)
		close(saving->dir);
	saving->under_way = false;
	store->dirty = store->dirty || err != 0;
	store->unsynced = !sync || err != 0;
	store->too_large = err == -EFBIG;
	return err;
}

static void note_too_large(const struct store *store)
{
	char sizes[160];

	store_sizes_describe(&store->saving.sizes, sizes, sizeof(sizes));
	degraded_set(DEGRADED_STATE,
		"%.60s/" STORE_FILE " is not written, because a start reads at most %zu MiB and it "
		"would have %s; disable that daemon or reduce what it keeps",
		store->dir, STORE_SIZE_MAX / 1024 / 1024, sizes);
}

static void note_outcome(const struct store *store, int err)
{
	if (err == 0)
		degraded_clear(DEGRADED_STATE);
	else if (err == -EFBIG)
		note_too_large(store);
	else if (store->why[0] != '\0')
		degraded_set(DEGRADED_STATE, "%s/" STORE_FILE " is not used: %s", store->dir,
			store->why);
	else
		degraded_set(DEGRADED_STATE, "%s/" STORE_FILE " cannot be written: %s", store->dir,
			strerror(-err));
}

/* Makes sure that the file that was written last is on the disk. */
static int sync_present(struct store *store)
{
	int dir = open_dir(store), fd, err;

	if (dir < 0)
		return dir;
	fd = openat(dir, STORE_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	err = fd < 0 || fsync(fd) < 0 || fsync(dir) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	close(dir);
	store->unsynced = err != 0;
	return err;
}

int store_save(struct store *store, bool sync)
{
	int err;

	if (store->saving.under_way)
		end_saving(store, -ECANCELED, false);
	if (!store->dirty)
		return sync && store->unsynced ? sync_present(store) : 0;
	err = begin_saving(store);
	if (err == 0)
		err = write_some(store, UINT64_MAX);
	err = end_saving(store, err, sync);
	note_outcome(store, err);
	return err;
}

/* A change during a write may or may not be in the file, so the document is written again. */
static void on_soon(uint64_t missed, void *arg)
{
	struct store *store = arg;
	bool changed;
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
	changed = store->dirty;
	err = end_saving(store, err, false);
	note_outcome(store, err);
	/* A file that was too large is tried again only after a change. */
	if (err != 0 && (err != -EFBIG || changed))
		loop_timer_rearm(store->timer, LATER);
	else if (err == 0 && changed)
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

static void log_problem(struct store *store, const char *name, const char *key, const char *why)
{
	uint64_t now = clock_now();

	if (store->problem_logged != 0 && now - store->problem_logged < QUIET)
		return;
	store->problem_logged = now;
	log_write(LEVEL_WARN, name,
		"\"%s\" is not saved, because the next start could not read it: %s", key, why);
}

void store_put(struct store *store, const char *section, const char *name, const char *key,
	const json_t *value)
{
	json_t *before = store_get(store, section, name, key), *place;
	int err = value != NULL ? json_value_check(value, STATE_DEPTH_MAX) : 0;

	if (err != 0) { /* json_equal would recurse, and the file could not be written or read */
		log_problem(store, name, key, json_value_problem(err));
		return;
	}
	if (value == NULL ? before == NULL : json_equal(before, value))
		return;
	place = child(child(store->doc, section), name);
	if (value != NULL)
		json_object_set_new(place, key, json_deep_copy(value));
	else
		json_object_del(place, key);
	store->dirty = true;
	if (loop_timer_due(store->timer) == 0)
		loop_timer_rearm(store->timer, store->too_large ? LATER : SOON);
}

void store_put_new(
	struct store *store, const char *section, const char *name, const char *key, json_t *value)
{
	store_put(store, section, name, key, value);
	json_decref(value);
}

/* Returns whether the files in the directory may be read: false when the directory is not
 * trusted. */
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
	store->timer = loop_once(loop, on_soon, store);
	store->doc = may_read(store) ? store_read(dir) : json_object();
	if (store->doc == NULL) {
		int err = errno;

		store_close(store);
		errno = err;
		return NULL;
	}
	store->loss = store_loss_open(loop, dir);
	return store;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_save(store, true);
	store_loss_close(store->loss);
	loop_timer_free(store->timer);
	json_decref(store->doc);
	free(store->dir);
	free(store);
}
