/* store_limit: checks values and measures the file. */
#include "persist/store_limit.h"

#include <stdio.h>
#include <string.h>

#include "state/state.h"

/* jansson cannot read NUL characters or bytes that are not UTF-8, but a module can put both into a
 * string. */
static const char *text_problem(const char *text, size_t length)
{
	json_t *copy;

	if (memchr(text, '\0', length) != NULL)
		return "a string in it contains a NUL character";
	copy = json_stringn(text, length); /* checks the encoding */
	if (copy == NULL)
		return "a string in it is not UTF-8";
	json_decref(copy);
	return NULL;
}

/* Since jansson 2.14 a key may contain NUL characters. */
static size_t key_length(void *iter)
{
#if JANSSON_VERSION_HEX >= 0x020e00
	return json_object_iter_key_len(iter);
#else
	return strlen(json_object_iter_key(iter));
#endif
}

static const char *object_problem(const json_t *object, int depth);

static const char *problem(const json_t *value, int depth)
{
	const char *found = NULL;

	if (depth == 0)
		return "it is nested too deeply";
	if (json_is_string(value))
		return text_problem(json_string_value(value), json_string_length(value));
	if (json_is_object(value))
		return object_problem(value, depth);
	for (size_t i = 0; found == NULL && i < json_array_size(value); i++)
		found = problem(json_array_get(value, i), depth - 1);
	return found;
}

static const char *object_problem(const json_t *object, int depth)
{
	json_t *json = (json_t *)object;
	const char *found = NULL;
	void *iter;

	for (iter = json_object_iter(json); found == NULL && iter != NULL;
		iter = json_object_iter_next(json, iter)) {
		const char *key = json_object_iter_key(iter);

		found = text_problem(key, key_length(iter));
		if (found == NULL)
			found = problem(json_object_iter_value(iter), depth - 1);
	}
	return found;
}

const char *store_value_problem(const json_t *value)
{
	return problem(value, STATE_DEPTH_MAX + 1);
}

void store_sizes_add(struct store_sizes *sizes, const char *name, size_t bytes)
{
	size_t i, place = STORE_LARGEST - 1;

	sizes->total += bytes;
	if (name == NULL)
		return;
	/* The sizes of a daemon are summed up, because it has values in several sections. */
	for (i = 0; i < STORE_LARGEST; i++)
		if (strncmp(sizes->largest[i].name, name, STORE_NAME - 1) == 0) {
			place = i;
			bytes += sizes->largest[i].size;
			break;
		}
	if (bytes <= sizes->largest[place].size)
		return;
	while (place > 0 && sizes->largest[place - 1].size < bytes) {
		sizes->largest[place] = sizes->largest[place - 1];
		place--;
	}
	snprintf(sizes->largest[place].name, STORE_NAME, "%s", name);
	sizes->largest[place].size = bytes;
}

void store_sizes_describe(const struct store_sizes *sizes, char *text, size_t size)
{
	static const double mib = 1024 * 1024;
	size_t n = 0;
	int written = snprintf(text, size, "%.1f MiB", (double)sizes->total / mib);

	for (size_t i = 0; written >= 0; i++) {
		n += (size_t)written;
		if (n >= size || i == STORE_LARGEST || sizes->largest[i].name[0] == '\0')
			return;
		written = snprintf(text + n, size - n, "%s%.40s %.1f MiB",
			i == 0 ? "; the largest: " : ", ", sizes->largest[i].name,
			(double)sizes->largest[i].size / mib);
	}
}
