/*
 * json_pieces: see json_pieces.h.  json_dumps writes a whole tree at once, which blocks the loop
 * thread for seconds if the tree has a hundred megabytes.  Here a small value is one piece.  A
 * large object or array is written member by member, so that each call takes a limited time.  Only
 * a single long string is a piece of its whole length.
 *
 * The state may change between two pieces.  Therefore the keys of an object are copied when its
 * first piece is written.  Arrays need no copy, because the state replaces an array as a whole and
 * never modifies one.
 */
#include "state/json_pieces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/json_value.h"

#define DEPTH 40 /* The values of the state with their addresses are less deep. */

struct level {
	json_t *container;
	json_t *keys; /* of an object; NULL: an array */
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
	json_decref(level->keys);
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

/* Returns the keys of an object as a new array, or NULL if there is no memory. */
static json_t *copy_keys(json_t *object)
{
	json_t *keys = json_array(), *child;
	const char *key;

	json_object_foreach(object, key, child) {
		json_array_append_new(keys, json_string_nocheck(key));
	}
	return keys;
}

static const char *level_enter(struct json_pieces *pieces, json_t *value)
{
	struct level *level = &pieces->levels[pieces->depth++];
	bool is_object = json_is_object(value);

	*level = (struct level){.container = json_incref(value),
		.keys = is_object ? copy_keys(value) : NULL,
		.count = is_object ? json_object_size(value) : json_array_size(value)};
	return is_object ? "{" : "[";
}

/* Returns a value with the comma and the key before it.  A small value is complete; of a large
 * container it is the opening bracket. */
static char *open_value(
	struct json_pieces *pieces, const char *comma, const json_t *key, json_t *value)
{
	char *name = NULL, *text = NULL, *piece = NULL;
	bool large = json_is_container(value) && pieces->depth < DEPTH && !json_is_small(value);

	if (key != NULL)
		name = json_dumps(key, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!large)
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	if ((key == NULL || name != NULL) && (large || text != NULL) &&
		asprintf(&piece, "%s%s%s%s", comma, name != NULL ? name : "",
			name != NULL ? ":" : "", large ? level_enter(pieces, value) : text) < 0)
		piece = NULL;
	free(name);
	free(text);
	return piece;
}

static char *next_member(struct json_pieces *pieces, struct level *level)
{
	json_t *key = NULL, *child;
	const char *comma;

	if (level->keys != NULL) {
		key = json_array_get(level->keys, level->next++);
		child = json_object_get(level->container, json_string_value(key));
	} else {
		child = json_array_get(level->container, level->next++);
	}
	if (child == NULL) /* It was removed. */
		return memory_text("");
	comma = level->some ? "," : "";
	level->some = true;
	return open_value(pieces, comma, key, child);
}

static char *next_piece(struct json_pieces *pieces)
{
	struct level *level;
	json_t *whole = pieces->whole;
	char *piece;

	if (whole != NULL) {
		pieces->whole = NULL;
		piece = open_value(pieces, "", NULL, whole);
		json_decref(whole);
		return piece;
	}
	level = &pieces->levels[pieces->depth - 1];
	if (level->next < level->count)
		return next_member(pieces, level);
	piece = memory_text(level->keys != NULL ? "}" : "]");
	level_leave(pieces);
	return piece;
}

char *json_pieces_next(struct json_pieces *pieces, bool *failed)
{
	char *piece;

	*failed = false;
	if (pieces->whole == NULL && pieces->depth == 0)
		return NULL;
	memory_untrusted_begin();
	piece = next_piece(pieces);
	if (!memory_untrusted_end() && piece != NULL)
		return piece;
	free(piece);
	*failed = true;
	return NULL;
}
