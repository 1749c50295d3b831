/* scan: see scan.h. */
#include "scan.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content.h"
#include "facts.h"
#include "file_key.h"
#include "judge.h"
#include "plain_text.h"

/* Seconds that a file may be missing while another one replaces it. */
#define REPLACED_WITHIN 2.0
#define CHANGES_MAX     10

/* What one scan has found. */
struct found {
	struct scan *scan;
	unsigned index;
	struct problems problems;
	json_t *values, *changes, *sums;
	struct follow_news news;
	long count;
	double bytes, newest_age, oldest_age;
	char *newest;
	struct facts newest_facts;
	bool incomplete;       /* not all files could be looked at */
	const char *unwatched; /* why it is read at the interval alone */
	char unwatched_text[160];
};

static const struct limits *limits_of(const struct found *f)
{
	return &f->scan->list->limits;
}

static void unwatch(struct found *f, const char *why)
{
	if (why == NULL || f->unwatched != NULL)
		return;
	snprintf(f->unwatched_text, sizeof(f->unwatched_text), "%s", why);
	f->unwatched = f->unwatched_text;
}

/* --- content ---------------------------------------------------------------------------------- */

static void unreadable(struct found *f, const char *file, int err)
{
	judge_add(&f->problems, LEVEL_UNKNOWN, file, "cannot be read: %s", facts_open_error(err));
}

/* What changes whenever the content changes. */
static void identify(char *text, size_t size, const struct stat *st)
{
	snprintf(text, size, "%llu:%llu:%lld:%lld.%09ld:%lld.%09ld", (unsigned long long)st->st_dev,
		(unsigned long long)st->st_ino, (long long)st->st_size,
		(long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec,
		st->st_ctim.tv_nsec);
}

static int compute(const char *file, const struct facts *facts, char sum[SHA256_TEXT])
{
	int fd, err;

	if (S_ISDIR(facts->st.st_mode))
		return content_sum_directory(file, sum);
	fd = facts_open(file);
	if (fd < 0)
		return fd;
	err = content_sum(fd, sum);
	close(fd);
	return err;
}

static void add_change(struct found *f, const char *file, const char *what)
{
	char clean[PLAIN_PATH];

	if (json_array_size(f->changes) < CHANGES_MAX)
		json_array_append_new(f->changes,
			json_sprintf("%s %s", plain_text(clean, sizeof(clean), file, strlen(file)),
				what));
}

/* Compares the checksum with the last one. A file that has not been touched is not read. */
static void compare_sum(
	struct found *f, const char *file, const char *key, const struct facts *facts)
{
	const struct path *path = &f->scan->list->paths[f->index];
	const json_t *old = json_object_get(path->sums, key);
	const char *old_id = json_string_value(json_object_get(old, "id"));
	const char *old_sum = json_string_value(json_object_get(old, "sum"));
	char id[160], sum[SHA256_TEXT];
	int err;

	if (json_object_size(f->sums) >= SUMS_MAX) {
		if (json_object_size(f->sums) == SUMS_MAX)
			judge_add(&f->problems, LEVEL_UNKNOWN, path->pattern,
				"matches more than %d files; the checksums of the others are not "
				"known",
				SUMS_MAX);
		json_object_set_new(f->sums, "", json_null());
		return;
	}
	identify(id, sizeof(id), &facts->st);
	if (old_id != NULL && strcmp(old_id, id) == 0 && S_ISREG(facts->st.st_mode)) {
		json_object_set(f->sums, key, (json_t *)old);
		return;
	}
	err = compute(file, facts, sum);
	if (err != 0) {
		unreadable(f, file, err);
		json_object_set(f->sums, key, (json_t *)old);
		return;
	}
	json_object_set_new(f->sums, key, json_pack("{s:s,s:s}", "id", id, "sum", sum));
	if (old_sum != NULL && strcmp(old_sum, sum) != 0)
		add_change(f, file, "has changed");
	else if (old_sum == NULL && path->summed && path->is_glob)
		add_change(f, file, "is new");
}

static void check_sum(struct found *f, const char *file, const struct facts *facts)
{
	char *key = file_key(file);

	compare_sum(f, file, key, facts);
	free(key);
}

static void note_removed(struct found *f, const char *key)
{
	char *file = file_of_key(key);

	add_change(f, file, "was removed");
	free(file);
}

/* Reports what was removed. The checksum of a path that is no pattern is kept, because the file may
 * be written again, and so are those of files that could not be looked at. */
static void finish_sums(struct found *f)
{
	struct path *path = &f->scan->list->paths[f->index];
	const char *key;
	json_t *sum;

	json_object_del(f->sums, "");
	json_object_foreach(path->sums, key, sum) {
		if (json_object_get(f->sums, key) != NULL)
			continue;
		if (path->is_glob && !f->incomplete)
			note_removed(f, key);
		else
			json_object_set(f->sums, key, sum);
	}
	json_decref(path->sums);
	path->sums = json_incref(f->sums);
}

static void read_lines(struct found *f, const char *file)
{
	int err;

	if (content_is_packed(file))
		return;
	err = follow_read(f->scan->follows[f->index], file, &f->news);
	if (err == -E2BIG)
		judge_add(&f->problems, LEVEL_UNKNOWN, file,
			"is not read: there are more than %d logs", FOLLOW_MAX);
	else if (err != 0 && err != -ENOENT)
		unreadable(f, file, err);
}

/* --- one file --------------------------------------------------------------------------------- */

static void note_newest(struct found *f, const char *file, const struct facts *facts)
{
	double age = facts_age(facts);

	if (f->count == 1 || age < f->newest_age) {
		free(f->newest);
		f->newest = strdup(file);
		f->newest_age = age;
		f->newest_facts = *facts;
	}
	if (f->count == 1 || age > f->oldest_age)
		f->oldest_age = age;
	if (S_ISREG(facts->st.st_mode))
		f->bytes += (double)facts->st.st_size;
}

static void look_at(struct found *f, const char *file)
{
	const struct limits *l = limits_of(f);
	struct facts facts;

	facts_read(file, &facts);
	/* The watch comes first, so that no change after the reading goes unnoticed. */
	if (facts.error == 0 && !l->absent)
		unwatch(f, watcher_add_file(f->scan->watcher, f->index, file, l->match));
	if (l->match && !l->absent)
		read_lines(f, file);
	if (facts.error == ENOENT || facts.error == ENOTDIR) {
		if (facts.dangling && !l->absent)
			judge_add(&f->problems, l->level, file,
				"is a symbolic link to a file that does not exist");
		return;
	}
	if (facts.error != 0) {
		judge_add(&f->problems, LEVEL_UNKNOWN, file, "cannot be accessed: %s",
			strerror(facts.error));
		f->incomplete = true;
		return;
	}
	f->count++;
	note_newest(f, file, &facts);
	if (l->absent)
		return;
	if (!l->newest)
		judge_file(&f->problems, l, file, &facts);
	if (l->changed)
		check_sum(f, file, &facts);
}

/* --- all files -------------------------------------------------------------------------------- */

static struct found *globbing; /* glob has no argument for its callback */

static int on_glob_error(const char *path, int err)
{
	if (err == ENOENT || err == ENOTDIR)
		return 0;
	judge_add(&globbing->problems, LEVEL_UNKNOWN, path, "cannot be read: %s", strerror(err));
	globbing->incomplete = true;
	return 0;
}

static void watch_directory(struct found *f, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = strrchr(f->scan->list->paths[f->index].pattern, '/') + 1;
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%.*s", slash == file ? 1 : (int)(slash - file),
		file);
	if (!watchlist_is_glob(directory))
		unwatch(f, watcher_add_directory(f->scan->watcher, f->index, directory, name));
}

static void look_at_all(struct found *f)
{
	const struct path *path = &f->scan->list->paths[f->index];
	glob_t files = {0};
	int err;

	watch_directory(f, path->pattern);
	if (!path->is_glob) {
		look_at(f, path->pattern);
		return;
	}
	globbing = f;
	err = glob(path->pattern, 0, on_glob_error, &files);
	if (err != 0 && err != GLOB_NOMATCH)
		judge_add(&f->problems, LEVEL_UNKNOWN, path->pattern, "cannot be expanded");
	f->incomplete |= (err != 0 && err != GLOB_NOMATCH) || files.gl_pathc > FILES_MAX;
	if (files.gl_pathc > FILES_MAX)
		judge_add(&f->problems, LEVEL_UNKNOWN, path->pattern,
			"matches more than %d files; the others are not checked", FILES_MAX);
	for (size_t i = 0; err == 0 && i < files.gl_pathc && i < FILES_MAX; i++)
		look_at(f, files.gl_pathv[i]);
	globfree(&files);
}

/* --- the report ------------------------------------------------------------------------------- */

static void add_facts(struct found *f)
{
	const struct stat *st = &f->newest_facts.st;
	const char *sum =
		json_string_value(json_object_get(json_object_get(f->sums, f->newest), "sum"));

	json_object_set_new(f->values, "type", json_string(facts_type(&f->newest_facts)));
	json_object_set_new(
		f->values, "mode", json_sprintf("%04o", (unsigned)(st->st_mode & 07777)));
	json_object_set_new(f->values, "owner", json_string(facts_user(st->st_uid)));
	json_object_set_new(f->values, "group", json_string(facts_group(st->st_gid)));
	if (sum != NULL)
		json_object_set_new(f->values, "sha256", json_string(sum));
}

static void add_values(struct found *f)
{
	const struct path *path = &f->scan->list->paths[f->index];
	char clean[PLAIN_PATH];

	json_object_set_new(f->values, "count", json_integer(f->count));
	if (f->count == 0)
		return;
	json_object_set_new(f->values, "size_bytes", json_integer((json_int_t)f->bytes));
	json_object_set_new(f->values, "age_seconds", json_integer((json_int_t)f->newest_age));
	if (!path->is_glob) {
		add_facts(f);
		return;
	}
	json_object_set_new(
		f->values, "oldest_age_seconds", json_integer((json_int_t)f->oldest_age));
	json_object_set_new(f->values, "newest",
		json_string(plain_text(clean, sizeof(clean), f->newest, strlen(f->newest))));
}

static json_t *report(struct found *f)
{
	const struct path *path = &f->scan->list->paths[f->index];
	struct follow *follow = f->scan->follows[f->index];
	json_t *lines = json_array(), *notes = json_array();

	for (long i = 0; i < f->news.matches && i < FOLLOW_LINES; i++)
		json_array_append_new(lines, json_string(f->news.last[i]));
	for (unsigned i = 0; i < f->news.note_count; i++)
		json_array_append_new(notes, json_string(f->news.notes[i]));
	return json_pack("{s:s,s:O,s:O,s:I,s:O,s:s*,s:I,s:I,s:o,s:o,s:O*,s:o*}", "path",
		path->pattern, "values", f->values, "problems", f->problems.list, "problem_count",
		(json_int_t)f->problems.count, "changes", f->changes, "unwatched", f->unwatched,
		"read", (json_int_t)f->news.lines, "matches", (json_int_t)f->news.matches, "lines",
		lines, "notes", notes, "sums", limits_of(f)->changed ? path->sums : NULL,
		"bookmarks", follow != NULL ? follow_bookmarks(follow) : NULL);
}

/* Decides whether a file that existed before is gone, or is about to be replaced. Returns whether
 * the decision has to wait. */
static bool is_replaced(struct found *f)
{
	struct scan *scan = f->scan;
	bool waits = f->count == 0 && !f->incomplete && scan->existed[f->index] &&
		     !scan->missing[f->index] && !limits_of(f)->absent;

	scan->missing[f->index] = waits;
	if (!waits)
		scan->existed[f->index] = f->count > 0;
	return waits;
}

json_t *scan_path(struct scan *scan, unsigned index, double *again)
{
	struct found f = {.scan = scan,
		.index = index,
		.problems.list = json_array(),
		.values = json_object(),
		.changes = json_array(),
		.sums = json_object()};
	const struct limits *l = &scan->list->limits;
	struct path *path = &scan->list->paths[index];
	json_t *result;

	look_at_all(&f);
	*again = -1;
	if (is_replaced(&f))
		*again = REPLACED_WITHIN;
	else
		judge_count(&f.problems, l, path, f.count, !f.incomplete);
	if (l->newest && f.count > 0)
		judge_file(&f.problems, l, f.newest, &f.newest_facts);
	if (*again < 0)
		finish_sums(&f);
	if (scan->follows[index] != NULL)
		follow_end_scan(scan->follows[index]);
	if (f.news.more)
		*again = 0;
	add_values(&f);
	path->summed = l->changed;
	result = report(&f);
	json_decref(f.problems.list);
	json_decref(f.values);
	json_decref(f.changes);
	json_decref(f.sums);
	free(f.newest);
	return result;
}

void scan_init(struct scan *scan, struct watchlist *list, struct watcher *watcher)
{
	memset(scan, 0, sizeof(*scan));
	scan->list = list;
	scan->watcher = watcher;
	for (size_t i = 0; i < list->count; i++)
		if (list->limits.match)
			scan->follows[i] = follow_new(
				&list->limits, list->paths[i].bookmarks, !list->paths[i].followed);
}

void scan_close(struct scan *scan)
{
	for (size_t i = 0; i < scan->list->count; i++)
		follow_free(scan->follows[i]);
}
