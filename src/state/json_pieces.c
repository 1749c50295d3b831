/*
 * json_pieces: see json_pieces.h.  json_dumps writes a whole tree at once, which blocks the loop
 * thread for seconds if the tree has a hundred megabytes.  Here a piece has values until it is long
 * enough.  A container that turns out to be large is written member by member, so that each call
 * takes a limited time.  Only a single long string is a piece of its whole length.
 *
 * The state may change between two pieces.  Therefore the keys of an object are copied when its
 * first piece is written.  An array may get other elements meanwhile, and more of them; its present
 * element is read, and those that were appended are left out.
 */
#include "state/json_pieces.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/json_value.h"
#include "state/json_write.h"

#define DEPTH 40 /* The values of the state with their addresses are less deep. */

struct level {
	json_t *container;
	char *keys;      /* of an object, each with its NUL; NULL: an array */
	const char *key; /* the next of them */
	size_t next, count;
	bool some; /* a member was written, so a comma precedes the next one */
};

struct json_pieces {
	json_t *whole; /* NULL after the first piece */
	struct level levels[DEPTH];
	unsigned depth;
};

struct json_pieces *json_pieces_new(json_t *value)
{
	struct json_pieces *pieces = memory_zero(sizeof(*pieces));

	pieces->whole = value;
	return pieces;
}

static void level_leave(struct json_pieces *pieces)
{
	struct level *level = &pieces->levels[--pieces->depth];

	json_decref(level->container);
	free(level->keys);
}

void json_pieces_free(struct json_pieces *pieces)
{
	if (pieces == NULL)
		return;
	while (pieces->depth > 0)
		level_leave(pieces);
	json_decref(pieces->whole);
	free(pieces);
}

/* --- size ------------------------------------------------------------------------------------- */

/* Estimates the length of the text.  It is exact enough up to the limit, at which counting
 * stops. */
static size_t length_of(const json_t *value, size_t limit)
{
	size_t length = json_is_string(value) ? json_string_length(value) + 3 : 8, i;
	const char *key;
	json_t *child;

	if (json_is_array(value)) {
		for (i = 0; i < json_array_size(value) && length <= limit; i++)
			length += length_of(json_array_get(value, i), limit - length);
		return length;
	}
	json_object_foreach((json_t *)value, key, child) {
		if (length > limit)
			break;
		length += strnlen(key, limit) + 4;
		length += length <= limit ? length_of(child, limit - length) : 0;
	}
	return length;
}

bool json_is_small(const json_t *value)
{
	return length_of(value, JSON_PIECE) <= JSON_PIECE;
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* Returns the keys of an object one after the other, or NULL if there is no memory. */
static char *copy_keys(json_t *object)
{
	struct json_writer keys = {.limit = SIZE_MAX};
	json_t *child;
	const char *key;

	json_object_foreach(object, key, child) {
		if (!json_write_bytes(&keys, key, strlen(key) + 1)) {
			free(keys.text);
			return NULL;
		}
	}
	return keys.text;
}

static bool level_enter(struct json_pieces *pieces, struct json_writer *writer, json_t *value)
{
	bool is_object = json_is_object(value);
	char *keys = is_object ? copy_keys(value) : NULL;

	if (is_object && keys == NULL)
		return false;
	pieces->levels[pieces->depth++] = (struct level){.container = json_incref(value),
		.keys = keys,
		.key = keys,
		.count = is_object ? json_object_size(value) : json_array_size(value)};
	return json_write_bytes(writer, is_object ? "{" : "[", 1);
}

/* Writes a value.  Of a large container it writes the opening bracket. */
static bool open_value(struct json_pieces *pieces, struct json_writer *writer, json_t *value)
{
	size_t before = writer->length;
	bool opens = json_is_container(value) && pieces->depth < DEPTH;
	bool written;

	if (opens)
		writer->limit = before + JSON_PIECE;
	written = json_write(writer, value);
	writer->limit = SIZE_MAX;
	if (written || writer->failed || !opens)
		return written;
	writer->length = before;
	return level_enter(pieces, writer, value);
}

static bool next_member(struct json_pieces *pieces, struct json_writer *writer, struct level *level)
{
	const char *key = level->key;
	bool follows = level->some;
	json_t *child;

	if (key != NULL) {
		child = json_object_get(level->container, key);
		level->key += strlen(key) + 1;
	} else {
		child = json_array_get(level->container, level->next);
	}
	level->next++;
	if (child == NULL) /* It was removed. */
		return true;
	level->some = true;
	return (!follows || json_write_bytes(writer, ",", 1)) &&
	       (key == NULL || (json_write_text(writer, key, strlen(key)) &&
				       json_write_bytes(writer, ":", 1))) &&
	       open_value(pieces, writer, child);
}

/* Writes the next value, or the end of a container. */
static bool next_value(struct json_pieces *pieces, struct json_writer *writer)
{
	struct level *level;
	json_t *whole = pieces->whole;
	bool written;

	if (whole != NULL) {
		pieces->whole = NULL;
		written = open_value(pieces, writer, whole);
		json_decref(whole);
		return written;
	}
	level = &pieces->levels[pieces->depth - 1];
	if (level->next < level->count)
		return next_member(pieces, writer, level);
	written = json_write_bytes(writer, level->keys != NULL ? "}" : "]", 1);
	level_leave(pieces);
	return written;
}

char *json_pieces_next(struct json_pieces *pieces, bool *failed)
{
	struct json_writer writer = {.limit = SIZE_MAX};
	bool written = true;

	memory_untrusted_begin();
	while (written && writer.length < JSON_PIECE &&
		(pieces->whole != NULL || pieces->depth > 0))
		written = next_value(pieces, &writer);
	*failed = memory_untrusted_end() || !written;
	if (!*failed)
		return writer.text;
	free(writer.text);
	return NULL;
}
