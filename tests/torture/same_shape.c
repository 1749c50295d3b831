/*
 * same_shape: compares two replies: they must have the same members, of the same types, at the same
 * places.  Their numbers may differ, because time passes.
 */
#include "fault.h"

#include <stdio.h>
#include <string.h>

/* A list may end with an entry about vigild itself, which is there only while it lacks
 * something. */
static size_t count_daemons(const json_t *list)
{
	size_t n = json_array_size(list);
	const char *last = json_string_value(json_object_get(json_array_get(list, n - 1), "name"));

	return n > 0 && last != NULL && strcmp(last, "(vigild)") == 0 ? n - 1 : n;
}

char same_shape_path[256]; /* of the last difference, from the inside out */

static void note_path(const char *key)
{
	size_t length = strlen(same_shape_path);

	snprintf(same_shape_path + length, sizeof(same_shape_path) - length, " < %s", key);
}

/* These members are there from the first event of their kind on, and grow with each. */
static bool has_events(const char *key)
{
	static const char *const keys[] = {
		"history", "recent", "long_output", "long_text", "deaths", NULL};
	size_t i;

	for (i = 0; keys[i] != NULL && strcmp(keys[i], key) != 0; i++)
		;
	return keys[i] != NULL;
}

static size_t count_members(const json_t *object)
{
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach((json_t *)object, key, value)
		n += !has_events(key);
	return n;
}

bool same_shape(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_number(a) || json_is_boolean(a))
		return json_is_number(a) ? json_is_number(b) : json_is_boolean(b);
	if (json_typeof(a) != json_typeof(b))
		return false;
	if (count_members(a) != count_members(b) || count_daemons(a) != count_daemons(b))
		return false;
	json_object_foreach((json_t *)a, key, value) {
		if (!has_events(key) && (json_object_get(b, key) == NULL ||
						!same_shape(value, json_object_get(b, key)))) {
			note_path(key);
			return false;
		}
	}
	for (i = 0; i < count_daemons(a); i++)
		if (!same_shape(json_array_get(a, i), json_array_get(b, i)))
			return false;
	return true;
}
