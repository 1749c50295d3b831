/* watchlist: see watchlist.h. */
#include "watchlist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool watchlist_is_glob(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

static double number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : -1;
}

static char *text_of(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? strdup(value) : NULL;
}

/* Compiles an expression. Returns false with the reason in why; *has: there is one. */
static bool compile(
	const json_t *object, const char *key, regex_t *regex, bool *has, char *why, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));
	int err;

	*has = false;
	if (text == NULL)
		return true;
	err = regcomp(regex, text, REG_EXTENDED | REG_NOSUB);
	if (err != 0) {
		regerror(err, regex, why, size);
		return false;
	}
	*has = true;
	return true;
}

static bool read_limits(struct limits *l, const json_t *object, char *why, size_t size)
{
	double mode = number(object, "mode"), level = number(object, "level");

	*l = (struct limits){.absent = json_is_true(json_object_get(object, "absent")),
		.newest = json_is_true(json_object_get(object, "newest")),
		.type = text_of(object, "type"),
		.max_age = number(object, "max_age"),
		.max_age_warning = number(object, "max_age_warning"),
		.min_size = number(object, "min_size"),
		.max_size = number(object, "max_size"),
		.min_count = number(object, "min_count"),
		.max_count = number(object, "max_count"),
		.mode = (int)mode,
		.owner = text_of(object, "owner"),
		.group = text_of(object, "group"),
		.level = level == LEVEL_WARNING ? LEVEL_WARNING : LEVEL_CRITICAL,
		.changed = json_is_true(json_object_get(object, "changed"))};
	return compile(object, "match", &l->wanted, &l->match, why, size) &&
	       compile(object, "match_not", &l->unwanted, &l->has_unwanted, why, size);
}

/* Returns what an earlier scan has kept, and sets *was_kept. */
static json_t *kept_of(const json_t *kept, const char *pattern, const char *key, bool *was_kept)
{
	json_t *part = json_object_get(json_object_get(kept, pattern), key);

	*was_kept = json_is_object(part);
	return *was_kept ? json_incref(part) : json_object();
}

bool watchlist_read(struct watchlist *list, const char *text, size_t length, char *why, size_t size)
{
	json_error_t error;
	json_t *object = json_loadb(text, length, 0, &error), *pattern, *kept;
	size_t index;
	bool ok;

	memset(list, 0, sizeof(*list));
	if (object == NULL) {
		snprintf(why, size, "the watch list is not JSON: %s", error.text);
		return false;
	}
	ok = read_limits(&list->limits, object, why, size);
	kept = json_object_get(object, "kept");
	json_array_foreach(json_object_get(object, "paths"), index, pattern) {
		const char *name = json_string_value(pattern);
		struct path *path = &list->paths[list->count];

		if (name == NULL || list->count == PATHS_MAX)
			continue;
		path->pattern = strdup(name);
		path->is_glob = watchlist_is_glob(name);
		path->bookmarks = kept_of(kept, name, "bookmarks", &path->followed);
		path->sums = kept_of(kept, name, "sums", &path->summed);
		list->count++;
	}
	json_decref(object);
	if (ok && list->count == 0) {
		snprintf(why, size, "the watch list has no paths");
		return false;
	}
	return ok;
}

void watchlist_free(struct watchlist *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->paths[i].pattern);
		json_decref(list->paths[i].bookmarks);
		json_decref(list->paths[i].sums);
	}
	free(list->limits.type);
	free(list->limits.owner);
	free(list->limits.group);
	if (list->limits.match)
		regfree(&list->limits.wanted);
	if (list->limits.has_unwanted)
		regfree(&list->limits.unwanted);
}
