/* files_report: turns the reports of vigil-files into the state, the history and the health. */
#include "files.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LONG_TEXT 16384

static double time_of_day(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- what is kept ----------------------------------------------------------------------------- */

static json_t *take(const json_t *object, const char *key)
{
	return json_incref(json_object_get(object, key));
}

/* Returns what was kept of a path, borrowed; NULL: nothing. */
static const json_t *kept_of(const json_t *kept, const char *pattern)
{
	const json_t *own;
	size_t index;

	json_array_foreach(kept, index, own) {
		const char *path = json_string_value(json_object_get(own, "path"));

		if (path != NULL && strcmp(path, pattern) == 0)
			return own;
	}
	return NULL;
}

void files_load(struct files *f)
{
	const json_t *kept = vigil_state_get(f->d, "kept");

	for (size_t i = 0; i < f->count; i++) {
		struct files_path *path = &f->paths[i];
		const json_t *own = kept_of(kept, path->pattern);

		path->bookmarks = take(own, "bookmarks");
		path->sums = take(own, "sums");
		path->last_match = take(own, "last_match");
		path->last_change = take(own, "last_change");
		alarm_read(&path->matches, json_object_get(own, "matches"));
		alarm_read(&path->changes, json_object_get(own, "changes"));
	}
}

/* Stores it as an array, because numbers in arrays are not values of the daemon for the metrics and
 * the page. */
static void save(struct files *f)
{
	json_t *kept = json_array();

	for (size_t i = 0; i < f->count; i++) {
		struct files_path *path = &f->paths[i];

		if (path->bookmarks != NULL || path->sums != NULL || path->last_match != NULL ||
			path->last_change != NULL)
			json_array_append_new(kept,
				json_pack("{s:s,s:O*,s:O*,s:O*,s:O*,s:o,s:o}", "path",
					path->pattern, "bookmarks", path->bookmarks, "sums",
					path->sums, "last_match", path->last_match, "last_change",
					path->last_change, "matches", alarm_json(&path->matches),
					"changes", alarm_json(&path->changes)));
	}
	vigil_state_set(f->d, "kept", kept);
}

static void replace(json_t **old, json_t *value)
{
	json_decref(*old);
	*old = value;
}

/* --- reports ---------------------------------------------------------------------------------- */

static struct files_path *path_of(struct files *f, const char *pattern)
{
	for (size_t i = 0; pattern != NULL && i < f->count; i++)
		if (strcmp(f->paths[i].pattern, pattern) == 0)
			return &f->paths[i];
	return NULL;
}

/* While the problem lasts, further lines change the line of the history and add none. */
static void take_matches(struct files *f, struct files_path *path, const json_t *report)
{
	json_int_t matches = json_integer_value(json_object_get(report, "matches"));
	json_t *lines = json_object_get(report, "lines");
	const char *line = NULL;

	if (matches <= 0)
		return;
	if (!alarm_is_raised(&path->matches, time_of_day()))
		path->match_line = 0;
	path->match_count = path->match_line == 0 ? matches : path->match_count + matches;
	alarm_add(&path->matches, (long)matches, time_of_day());
	if (json_array_size(lines) > 0)
		line = json_string_value(json_array_get(lines, json_array_size(lines) - 1));
	line = line != NULL ? line : "";
	replace(&path->last_match,
		json_pack("{s:o,s:s,s:O*}", "time", vigil_time(), "text", line, "lines", lines));
	if (path->match_count == 1)
		vigil_event_repeat(f->d, &path->match_line, "%s: %s", path->pattern, line);
	else
		vigil_event_repeat(f->d, &path->match_line,
			"%s: %lld lines match, the last one: %s", path->pattern,
			(long long)path->match_count, line);
}

static void take_changes(struct files *f, struct files_path *path, const json_t *report)
{
	const json_t *text;
	size_t index;

	json_array_foreach(json_object_get(report, "changes"), index, text) {
		vigil_event(f->d, "%s", json_string_value(text));
		alarm_add(&path->changes, 1, time_of_day());
		replace(&path->last_change,
			json_pack("{s:o,s:O}", "time", vigil_time(), "text", text));
	}
	json_array_foreach(json_object_get(report, "notes"), index, text)
		vigil_event(f->d, "%s", json_string_value(text));
}

/* Says once why a path is read at the interval only, and when that is over. */
static void take_unwatched(struct files *f, struct files_path *path, const char *why)
{
	if (strcmp(path->unwatched, why != NULL ? why : "") == 0)
		return;
	snprintf(path->unwatched, sizeof(path->unwatched), "%s", why != NULL ? why : "");
	if (why != NULL)
		vigil_event(f->d, "%s is checked at the interval only: %s", path->pattern, why);
	else
		vigil_event(f->d, "%s is watched by inotify again", path->pattern);
}

static void put_values(struct files *f, struct files_path *path, const json_t *report)
{
	json_t *values = json_copy(json_object_get(report, "values"));

	if (values == NULL)
		return;
	json_object_set_new(values, "watched_by",
		json_string(path->unwatched[0] == '\0' ? "inotify" : "interval"));
	if (path->unwatched[0] != '\0')
		json_object_set_new(values, "unwatched", json_string(path->unwatched));
	if (path->bookmarks != NULL)
		json_object_set_new(values, "matches", json_integer(path->matches.total));
	if (path->last_match != NULL)
		json_object_set(values, "last_match", path->last_match);
	if (path->last_change != NULL) {
		json_object_set_new(values, "changes", json_integer(path->changes.total));
		json_object_set(values, "last_change", path->last_change);
	}
	vigil_state_set(f->d, path->place, values);
}

void files_take_report(struct files *f, const json_t *report)
{
	struct files_path *path = path_of(f, json_string_value(json_object_get(report, "path")));

	if (path == NULL)
		return;
	replace(&path->problems, take(report, "problems"));
	path->problem_count = json_integer_value(json_object_get(report, "problem_count"));
	replace(&path->bookmarks, take(report, "bookmarks"));
	replace(&path->sums, take(report, "sums"));
	take_matches(f, path, report);
	take_changes(f, path, report);
	take_unwatched(f, path, json_string_value(json_object_get(report, "unwatched")));
	put_values(f, path, report);
	save(f);
	files_report_health(f);
}

/* --- health ----------------------------------------------------------------------------------- */

struct summary {
	vigil_health_level level;
	char first[FILES_TEXT]; /* the worst problem */
	char all[LONG_TEXT];    /* one problem a line */
	json_int_t count;
	bool has_lines;
};

/* UNKNOWN is worse than WARNING, and not as bad as CRITICAL. */
static int severity(vigil_health_level level)
{
	static const int order[] = {
		[VIGIL_OK] = 0, [VIGIL_WARNING] = 1, [VIGIL_UNKNOWN] = 2, [VIGIL_CRITICAL] = 3};

	return level <= VIGIL_UNKNOWN ? order[level] : 2;
}

static void add(struct summary *s, vigil_health_level level, const char *text)
{
	size_t used = strlen(s->all);

	s->count++;
	if (severity(level) > severity(s->level)) {
		s->level = level;
		snprintf(s->first, sizeof(s->first), "%s", text);
	}
	snprintf(s->all + used, sizeof(s->all) - used, "%s%s", used > 0 ? "\n" : "", text);
}

/* Adds the lines before the last one to the long text. */
static void add_lines(const struct files_path *path, struct summary *s)
{
	const json_t *lines = json_object_get(path->last_match, "lines");

	for (size_t i = 0; i + 1 < json_array_size(lines); i++) {
		size_t used = strlen(s->all);
		const char *line = json_string_value(json_array_get(lines, i));

		snprintf(s->all + used, sizeof(s->all) - used, "\n  %s", line != NULL ? line : "");
		s->has_lines = true;
	}
}

static void add_alarms(struct files *f, struct files_path *path, struct summary *s)
{
	const char *line = json_string_value(json_object_get(path->last_match, "text"));
	const char *change = json_string_value(json_object_get(path->last_change, "text"));
	char text[FILES_TEXT];

	if (f->match_level != VIGIL_OK && line != NULL &&
		alarm_is_raised(&path->matches, time_of_day())) {
		snprintf(text, sizeof(text), "%.300s: %.600s", path->pattern, line);
		add(s, f->match_level, text);
		add_lines(path, s);
	}
	if (f->change_level != VIGIL_OK && change != NULL &&
		alarm_is_raised(&path->changes, time_of_day()))
		add(s, f->change_level, change);
}

/* A problem is [LEVEL, TEXT].  It comes from a process of another user, so it may be anything. */
static void add_problem(struct summary *s, const json_t *problem)
{
	json_int_t level = json_integer_value(json_array_get(problem, 0));
	const char *text = json_string_value(json_array_get(problem, 1));

	if (text != NULL)
		add(s,
			level >= VIGIL_OK && level <= VIGIL_UNKNOWN ? (vigil_health_level)level
								    : VIGIL_UNKNOWN,
			text);
}

static void summarize(struct files *f, struct summary *s)
{
	for (size_t i = 0; i < f->count; i++) {
		struct files_path *path = &f->paths[i];
		const json_t *problem;
		size_t index;

		json_array_foreach(path->problems, index, problem)
			add_problem(s, problem);
		s->count += path->problem_count - (json_int_t)json_array_size(path->problems);
		add_alarms(f, path, s);
	}
}

static void report(struct files *f, vigil_health_level level, const char *text, const char *all)
{
	vigil_health_long(f->d, level, 0, text, all);
}

void files_report_health(struct files *f)
{
	static struct summary s; /* only used by the loop thread */
	char text[FILES_TEXT + 64];

	for (size_t i = 0; i < f->count; i++)
		if (f->paths[i].problems == NULL)
			return; /* the first reports are on their way */
	if (f->hangs || f->child == NULL)
		return;
	s = (struct summary){.level = VIGIL_OK};
	summarize(f, &s);
	vigil_state_unset(f->d, "stale");
	if (s.count == 0)
		snprintf(text, sizeof(text), "%zu path%s within the limits", f->count,
			f->count == 1 ? "" : "s");
	else if (s.count == 1)
		snprintf(text, sizeof(text), "%s", s.first);
	else
		snprintf(text, sizeof(text), "%s; and %lld more", s.first, (long long)s.count - 1);
	report(f, s.level, text, s.count > 1 || s.has_lines ? s.all : NULL);
}

void files_report_unknown(struct files *f, const char *text)
{
	vigil_state_set(f->d, "stale", json_true());
	report(f, VIGIL_UNKNOWN, text, NULL);
}
