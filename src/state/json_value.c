/*
 * json_value: see json_value.h.  The checks use the same walk.  A value is checked at each
 * write to the state, so a scalar costs no more than a look at its type, and ASCII text is compared
 * eight bytes at a time.
 */
#include "state/json_value.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define LEVELS_MAX 64

/* A container on the path to the current value, and the next of its children. */
struct level {
	json_t *value;
	void *next;   /* of an object */
	size_t index; /* of an array */
};

struct walk {
	bool strict; /* the texts and numbers are checked, too */
	int err;
};

static bool is_utf8(const char *text, size_t length)
{
	uint64_t eight;
	size_t took;
	uint32_t c;

	for (; length > 0; text += took, length -= took) {
		took = sizeof(eight);
		if (length >= took) {
			memcpy(&eight, text, took);
			if ((eight & UINT64_C(0x8080808080808080)) == 0)
				continue;
		}
		took = (unsigned char)*text < 0x80 ? 1 : text_decode(text, length, &c);
		if (took == 0)
			return false;
	}
	return true;
}

size_t json_key_length(void *iter)
{
#if JANSSON_VERSION_HEX >= 0x020e00
	return json_object_iter_key_len(iter);
#else
	return strlen(json_object_iter_key(iter));
#endif
}

static int check_key(void *iter)
{
	const char *key = json_object_iter_key(iter);
	size_t length = json_key_length(iter);

	return is_utf8(key, length) && memchr(key, '\0', length) == NULL ? 0 : -EILSEQ;
}

static int check_scalar(const json_t *value)
{
	if (json_is_string(value))
		return is_utf8(json_string_value(value), json_string_length(value)) ? 0 : -EILSEQ;
	return json_is_real(value) && !isfinite(json_real_value(value)) ? -EDOM : 0;
}

static void enter(struct level *level, json_t *value)
{
	level->value = value;
	level->next = json_object_iter(value); /* NULL for an array */
	level->index = 0;
}

/* Returns whether the walk has to enter the child.  Checks a child that is a scalar. */
static bool is_next(struct walk *walk, const json_t *child)
{
	if (json_is_container(child))
		return true;
	if (walk->strict && walk->err == 0)
		walk->err = check_scalar(child);
	return false;
}

/* Returns the next child that is a container itself; NULL if there is none left. */
static json_t *next_container(struct walk *walk, struct level *level)
{
	json_t *child;

	while (level->next) {
		if (walk->strict && walk->err == 0)
			walk->err = check_key(level->next);
		child = json_object_iter_value(level->next);
		level->next = json_object_iter_next(level->value, level->next);
		if (is_next(walk, child))
			return child;
	}
	while (level->index < json_array_size(level->value)) {
		child = json_array_get(level->value, level->index++);
		if (is_next(walk, child))
			return child;
	}
	return NULL;
}

/* Returns the depth. */
static int walk_value(struct walk *walk, const json_t *value, int limit)
{
	struct level way[LEVELS_MAX];
	json_t *child = (json_t *)value; /* the iterators of jansson need a non-const value */
	int deepest = 0, depth = 0;

	if (limit > LEVELS_MAX)
		limit = LEVELS_MAX;
	if (!is_next(walk, value))
		return 0;
	for (;;) {
		if (child) {
			if (depth >= limit)
				return limit + 1;
			enter(&way[depth++], child);
			deepest = depth > deepest ? depth : deepest;
		} else if (--depth == 0) {
			return deepest;
		}
		child = next_container(walk, &way[depth - 1]);
	}
}

int json_depth(const json_t *value, int limit)
{
	struct walk walk = {.strict = false};

	return walk_value(&walk, value, limit);
}

int json_value_check(const json_t *value, int limit)
{
	struct walk walk = {.strict = true};

	if (!json_is_container(value))
		return check_scalar(value); /* most values that a daemon writes */
	return walk_value(&walk, value, limit) > limit ? -E2BIG : walk.err;
}

const char *json_value_problem(int err)
{
	switch (err) {
	case -E2BIG: return "it is nested too deeply";
	case -EILSEQ: return "a string in it is not UTF-8, or a key has a NUL character";
	case -EDOM: return "a number in it is not finite";
	default: return "it cannot be written as JSON";
	}
}
