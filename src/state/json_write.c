/* json_write: see json_write.h. */
#include "state/json_write.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "state/json_value.h"

#define ROOM_MIN 512
#define DIGITS   24 /* of a number of 64 bits, with its sign and a NUL */

/* Makes room for so many bytes and a NUL. */
static bool reserve(struct json_writer *w, size_t length)
{
	size_t room;
	char *text;

	if (length > w->limit - w->length)
		return false;
	if (w->room - w->length > length)
		return true;
	room = 2 * w->room + length + ROOM_MIN;
	text = memory_library_grow(w->text, room);
	if (text == NULL) {
		w->failed = true;
		return false;
	}
	w->text = text;
	w->room = room;
	return true;
}

bool json_write_bytes(struct json_writer *w, const char *bytes, size_t length)
{
	if (!reserve(w, length))
		return false;
	memcpy(w->text + w->length, bytes, length);
	w->length += length;
	w->text[w->length] = '\0';
	return true;
}

static bool write_escaped(struct json_writer *w, char c)
{
	static const char named[] =
		"\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: a character and its letter */
	char escaped[] = {'\\', '\0', '\0'}, code[8];

	for (const char *pair = named; *pair != '\0'; pair += 2) {
		if (*pair == c) {
			escaped[1] = pair[1];
			return json_write_bytes(w, escaped, 2);
		}
	}
	snprintf(code, sizeof(code), "\\u%04X", (unsigned char)c);
	return json_write_bytes(w, code, 6);
}

static bool is_escaped(char c)
{
	return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

bool json_write_text(struct json_writer *w, const char *text, size_t length)
{
	const char *end = text + length, *plain = text;
	bool ok = json_write_bytes(w, "\"", 1);

	for (; ok && text < end; text++) {
		if (is_escaped(*text)) {
			ok = json_write_bytes(w, plain, (size_t)(text - plain)) &&
			     write_escaped(w, *text);
			plain = text + 1;
		}
	}
	return ok && json_write_bytes(w, plain, (size_t)(end - plain)) &&
	       json_write_bytes(w, "\"", 1);
}

/* Not snprintf, because most numbers of a state are integers. */
static bool write_integer(struct json_writer *w, json_int_t value)
{
	char digits[DIGITS], *begin = digits + DIGITS;
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do
		*--begin = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		*--begin = '-';
	return json_write_bytes(w, begin, (size_t)(digits + DIGITS - begin));
}

static bool write_real(struct json_writer *w, const json_t *value)
{
	char text[64];
	size_t length = json_dumpb(value, text, sizeof(text), JSON_ENCODE_ANY);

	if (length == 0 || length > sizeof(text)) {
		w->failed = true;
		return false;
	}
	return json_write_bytes(w, text, length);
}

static bool write_object(struct json_writer *w, json_t *object)
{
	void *iter = json_object_iter(object);
	bool ok = json_write_bytes(w, "{", 1);

	for (bool first = true; ok && iter != NULL; first = false) {
		ok = (first || json_write_bytes(w, ",", 1)) &&
		     json_write_text(w, json_object_iter_key(iter), json_key_length(iter)) &&
		     json_write_bytes(w, ":", 1) && json_write(w, json_object_iter_value(iter));
		iter = json_object_iter_next(object, iter);
	}
	return ok && json_write_bytes(w, "}", 1);
}

static bool write_array(struct json_writer *w, const json_t *array)
{
	bool ok = json_write_bytes(w, "[", 1);

	for (size_t i = 0; ok && i < json_array_size(array); i++)
		ok = (i == 0 || json_write_bytes(w, ",", 1)) &&
		     json_write(w, json_array_get(array, i));
	return ok && json_write_bytes(w, "]", 1);
}

bool json_write(struct json_writer *w, const json_t *value)
{
	if (value == NULL) {
		w->failed = true;
		return false;
	}
	switch (json_typeof(value)) {
	case JSON_OBJECT: return write_object(w, (json_t *)value); /* for the iterators */
	case JSON_ARRAY: return write_array(w, value);
	case JSON_STRING:
		return json_write_text(w, json_string_value(value), json_string_length(value));
	case JSON_INTEGER: return write_integer(w, json_integer_value(value));
	case JSON_REAL: return write_real(w, value);
	case JSON_TRUE: return json_write_bytes(w, "true", 4);
	case JSON_FALSE: return json_write_bytes(w, "false", 5);
	case JSON_NULL: break;
	}
	return json_write_bytes(w, "null", 4);
}
