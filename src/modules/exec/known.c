/* known: see known.h. */
#include "known.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <vigil/vigil.h>

#define NAME_MAX_SHOWN 64

enum shape { TEXT, NUMBER, RANGE, OBJECT };

struct known {
	const char *key;
	enum shape shape;
};

static const struct known members[] = {
	{"output", TEXT}, {"long_output", TEXT}, {"perfdata", OBJECT}, {NULL, TEXT}};

static const struct known perfdata[] = {{"value", NUMBER}, {"unit", TEXT}, {"warn", RANGE},
	{"crit", RANGE}, {"min", RANGE}, {"max", RANGE}, {"exact", TEXT}, {NULL, TEXT}};

static bool has_shape(const json_t *value, enum shape shape)
{
	if (value == NULL || json_is_null(value))
		return true;
	switch (shape) {
	case TEXT: return json_is_string(value);
	case NUMBER: return json_is_number(value);
	case RANGE: return json_is_number(value) || json_is_string(value);
	case OBJECT: return json_is_object(value);
	}
	return false;
}

static const char *type_of(const json_t *value)
{
	static const char *const names[] = {[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null"};

	return names[json_typeof(value)];
}

/* Returns the first member that has another type, or NULL. */
static const struct known *find_wrong(const json_t *object, const struct known *table)
{
	for (; table->key != NULL; table++)
		if (!has_shape(json_object_get(object, table->key), table->shape))
			return table;
	return NULL;
}

static int refuse(const char *what, const json_t *value, enum shape shape, char *why, size_t size)
{
	static const char *const shapes[] = {
		"a string", "a number", "a number or a string", "an object"};

	snprintf(why, size, "%s is %s, not %s", what, type_of(value), shapes[shape]);
	return -EPROTO;
}

static int check_label(const char *label, const json_t *entry, char *why, size_t size)
{
	char name[NAME_MAX_SHOWN], what[NAME_MAX_SHOWN + 64];
	const struct known *wrong;

	vigil_sanitize(name, sizeof(name), label);
	snprintf(what, sizeof(what), "the label \"%s\" of perfdata", name);
	if (!has_shape(entry, OBJECT))
		return refuse(what, entry, OBJECT, why, size);
	wrong = find_wrong(entry, perfdata);
	if (wrong == NULL)
		return 0;
	snprintf(what, sizeof(what), "\"%s\" of the label \"%s\" of perfdata", wrong->key, name);
	return refuse(what, json_object_get(entry, wrong->key), wrong->shape, why, size);
}

int known_check(json_t *object, char *why, size_t size)
{
	const struct known *wrong = find_wrong(object, members);
	char what[NAME_MAX_SHOWN];
	const char *label;
	json_t *entry;
	int err;

	if (wrong != NULL) {
		snprintf(what, sizeof(what), "the member \"%s\"", wrong->key);
		return refuse(what, json_object_get(object, wrong->key), wrong->shape, why, size);
	}
	json_object_foreach(json_object_get(object, "perfdata"), label, entry) {
		err = check_label(label, entry, why, size);
		if (err != 0)
			return err;
	}
	return 0;
}
