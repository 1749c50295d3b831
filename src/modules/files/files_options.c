/* files_options: reads and checks the options, and makes the watch list of the program. */
#include "files.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static vigil_health_level level_of(const char *word)
{
	if (word == NULL || strcmp(word, "no") == 0 || strcmp(word, "ok") == 0)
		return VIGIL_OK;
	return strcmp(word, "warning") == 0 ? VIGIL_WARNING : VIGIL_CRITICAL;
}

/* --- paths ------------------------------------------------------------------------------------ */

/* Returns the address of a pattern in the state: "paths/" and the pattern with ~ and / escaped. */
static char *place_of(vigil_daemon *d, const char *pattern)
{
	size_t size = VIGIL_TOKEN(strlen(pattern));
	char *place = vigil_alloc(d, size + strlen("paths/"));

	vigil_pointer_token(stpcpy(place, "paths/"), size, pattern);
	return place;
}

static int read_path(struct files *f, const char *text)
{
	size_t length = strlen(text);

	if (length > 1 && text[length - 1] == '/')
		return vigil_diagnose(f->d, "path",
			"its element \"%s\" ends with a slash; write the path of a directory "
			"without it, or "
			"%s* "
			"for the files in it",
			text, text);
	if (length > 1023)
		return vigil_diagnose(f->d, "path", "a path is longer than 1023 bytes");
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->paths[i].pattern, text) == 0)
			return vigil_diagnose(f->d, "path", "duplicate path \"%s\"", text);
	f->paths[f->count].pattern = text;
	f->paths[f->count].place = place_of(f->d, text);
	alarm_init(&f->paths[f->count].matches, (size_t)vigil_option_int(f->d, "match_min"),
		vigil_option_seconds(f->d, "match_for"));
	alarm_init(&f->paths[f->count].changes, 1, vigil_option_seconds(f->d, "changed_for"));
	f->count++;
	return 0;
}

static int read_paths(struct files *f)
{
	const char *const *text = vigil_option_list(f->d, "path");
	bool globs = false;
	size_t count = 0;
	int err = 0;

	while (text[count] != NULL)
		count++;
	if (count == 0)
		return vigil_diagnose(f->d, "path", "is empty");
	if (count > FILES_PATHS)
		return vigil_diagnose(f->d, "path",
			"too many elements: the maximum is %d; use further daemons", FILES_PATHS);
	f->paths = vigil_alloc(f->d, count * sizeof(*f->paths));
	if (f->paths == NULL)
		return -ENOMEM;
	for (; *text != NULL; text++) {
		if (read_path(f, *text) != 0)
			err = -EINVAL;
		globs = globs || strpbrk(*text, "*?[") != NULL;
	}
	if (err == 0 && vigil_option_bool(f->d, "newest") && !globs)
		err = vigil_diagnose(
			f->d, "newest", "no path is a pattern such as /var/backups/*.gz");
	return err;
}

/* --- limits ----------------------------------------------------------------------------------- */

static int read_mode(vigil_daemon *d, int *mode)
{
	const char *text = vigil_option_text(d, "mode");
	size_t length = text != NULL ? strlen(text) : 0;

	*mode = -1;
	if (text == NULL)
		return 0;
	if (length < 3 || length > 5 || strspn(text, "01234567") != length ||
		strtol(text, NULL, 8) > 07777)
		return vigil_diagnose(d, "mode", "is not a mode in octal digits such as 0640");
	*mode = (int)strtol(text, NULL, 8);
	return 0;
}

/* Options of two limits, of which the second must not be less than the first. */
static int check_order(vigil_daemon *d, const char *less, const char *more, double a, double b)
{
	if (!vigil_option_given(d, less) || !vigil_option_given(d, more) || a <= b)
		return 0;
	return vigil_diagnose(d, less, "is more than %s", more);
}

static int check_orders(vigil_daemon *d)
{
	int age = check_order(d, "max_age_warning", "max_age",
		vigil_option_seconds(d, "max_age_warning"), vigil_option_seconds(d, "max_age"));
	int size = check_order(d, "min_size", "max_size", vigil_option_number(d, "min_size"),
		vigil_option_number(d, "max_size"));
	int count = check_order(d, "min_count", "max_count", vigil_option_number(d, "min_count"),
		vigil_option_number(d, "max_count"));

	return age == 0 && size == 0 && count == 0 ? 0 : -EINVAL;
}

/* Reports options that have no effect because of another one. */
static int check_useless(vigil_daemon *d)
{
	static const struct {
		const char *option, *of;
	} parts[] = {{"match_not", "match"}, {"match_level", "match"}, {"match_min", "match"},
		{"match_for", "match"}, {"changed_for", "changed"}};
	static const char *const limits[] = {"type", "newest", "max_age", "max_age_warning",
		"min_size", "max_size", "min_count", "max_count", "mode", "owner", "group",
		"changed", "match"};
	int err = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (vigil_option_given(d, parts[i].option) && !vigil_option_given(d, parts[i].of))
			err = vigil_diagnose(
				d, parts[i].option, "has no effect without %s", parts[i].of);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		if (!vigil_option_bool(d, "exists") && vigil_option_given(d, limits[i]))
			err = vigil_diagnose(d, limits[i], "has no effect with exists = no");
	return err;
}

/* Checks whether the program may run as the user. */
static int check_user(vigil_daemon *d)
{
	char path[4096], why[256];
	const char *argv[] = {vigil_helper_path(path, sizeof(path), "vigil-files"), NULL};
	vigil_child_spec spec = {
		.size = sizeof(spec), .argv = argv, .user = vigil_option_text(d, "user")};

	if (spec.user != NULL && getpwnam(spec.user) == NULL)
		return vigil_diagnose(d, "user", "no such user");
	if (spec.user == NULL || vigil_check_command(&spec, why, sizeof(why)) == 0)
		return 0;
	return vigil_diagnose(d, "user", "%s", why);
}

int files_read_options(struct files *f)
{
	int mode, paths = read_paths(f), modes = read_mode(f->d, &mode);
	int orders = check_orders(f->d), useless = check_useless(f->d);
	int user = check_user(f->d);

	f->timeout = vigil_option_seconds(f->d, "timeout");
	f->match_level = level_of(vigil_option_text(f->d, "match_level"));
	f->change_level = level_of(vigil_option_text(f->d, "changed"));
	return paths == 0 && modes == 0 && orders == 0 && user == 0 && useless == 0 ? 0 : -EINVAL;
}

/* --- the watch list --------------------------------------------------------------------------- */

static void add_text(json_t *list, vigil_daemon *d, const char *option)
{
	const char *text = vigil_option_text(d, option);

	if (text != NULL)
		json_object_set_new(list, option, json_string(text));
}

json_t *files_watchlist(const struct files *f)
{
	static const char *const texts[] = {"type", "owner", "group", "match", "match_not"};
	static const char *const numbers[] = {"min_size", "max_size", "min_count", "max_count"};
	static const char *const ages[] = {"max_age", "max_age_warning"};
	json_t *paths = json_array(), *kept = json_object();
	json_t *list = json_pack("{s:o,s:o,s:b,s:b,s:b,s:i}", "paths", paths, "kept", kept,
		"absent", !vigil_option_bool(f->d, "exists"), "newest",
		vigil_option_bool(f->d, "newest"), "changed", f->change_level != VIGIL_OK, "level",
		(int)level_of(vigil_option_text(f->d, "level")));
	int mode;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		add_text(list, f->d, texts[i]);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (vigil_option_given(f->d, numbers[i]))
			json_object_set_new(
				list, numbers[i], json_real(vigil_option_number(f->d, numbers[i])));
	for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++)
		if (vigil_option_given(f->d, ages[i]))
			json_object_set_new(
				list, ages[i], json_real(vigil_option_seconds(f->d, ages[i])));
	read_mode(f->d, &mode);
	json_object_set_new(list, "mode", json_integer(mode));
	for (size_t i = 0; i < f->count; i++) {
		const struct files_path *path = &f->paths[i];

		json_array_append_new(paths, json_string(path->pattern));
		if (path->bookmarks != NULL || path->sums != NULL)
			json_object_set_new(kept, path->pattern,
				json_pack("{s:O*,s:O*}", "bookmarks", path->bookmarks, "sums",
					path->sums));
	}
	return list;
}
