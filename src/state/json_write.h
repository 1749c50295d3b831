/*
 * json_write: writes JSON as text.
 *
 * It writes the same bytes as json_dumps with JSON_COMPACT and JSON_ENCODE_ANY, in less than half
 * of the time: it formats no address of each container to detect cycles, and calls no function for
 * each bracket and comma.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* The text so far.  Begins as {.limit = ...}. */
struct json_writer {
	char *text; /* ended by a NUL; NULL: nothing was written; the caller frees it with free */
	size_t length, room;
	size_t limit; /* the greatest length */
	bool failed;  /* there was no memory, or a value was NULL */
};

/* Appends a value.  Returns false if the text would be longer than the limit or if it has failed;
 * the text then ends anywhere.  The value must have no cycle and at most a few thousand levels, and
 * its texts must be UTF-8, as jansson checks when it creates a text. */
bool json_write(struct json_writer *writer, const json_t *value);
/* Appends a text with its quotes and escapes. */
bool json_write_text(struct json_writer *writer, const char *text, size_t length);
/* Appends bytes as they are. */
bool json_write_bytes(struct json_writer *writer, const char *bytes, size_t length);

#endif
