/*
 * escape: text of strangers made fit to be printed.
 *
 * What services print may hold anything: an end of line that forges the next entry, the codes
 * that retitle a terminal, a direction mark that turns a name around, bytes that are no
 * character.  Whatever is not plainly printable UTF-8 is written as an escape.
 *
 * A backslash stays what it is: text may pass through several hands that escape, and must come
 * out the same however many they are.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

static bool is_plain(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	/* Marks that reorder what stands beside them, separators of lines, the byte order mark. */
	return !(c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		 (c >= 0x2060 && c <= 0x206f) || c == 0xfeff);
}

/* Writes one character or byte at text to out, escaped unless keep has it.  Returns its length there;
 * *took: its length in text. */
static size_t escape_one(
	const unsigned char *text, size_t left, const char *keep, char out[16], size_t *took)
{
	static const char letters[][2] = {{'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}};
	uint32_t c = 0;

	*took = text_decode((const char *)text, left, &c);
	if (*took == 0) {
		*took = 1;
		return (size_t)snprintf(out, 16, "\\x%02X", text[0]);
	}
	if (is_plain(c) || (c != 0 && c < 0x20 && strchr(keep, (int)c) != NULL)) {
		memcpy(out, text, *took);
		return *took;
	}
	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++)
		if (c == (unsigned char)letters[i][0])
			return (size_t)snprintf(out, 16, "\\%c", letters[i][1]);
	return (size_t)snprintf(out, 16, c < 0x80 ? "\\x%02X" : "\\u{%X}", (unsigned)c);
}

char *text_escape(char *dst, size_t size, const char *text, size_t length)
{
	return text_escape_keep(dst, size, text, length, "");
}

char *text_escape_keep(char *dst, size_t size, const char *text, size_t length, const char *keep)
{
	static const char dots[] = "...";
	const size_t tail = sizeof(dots) - 1;
	size_t at = 0, safe = 0, n, took;
	char one[16];

	if (size == 0)
		return dst;
	for (size_t i = 0; i < length; i += took) {
		n = escape_one((const unsigned char *)text + i, length - i, keep, one, &took);
		if (at + n >= size) {
			if (size > tail)
				memcpy(dst + safe, dots, sizeof(dots));
			else
				dst[at] = '\0';
			return dst;
		}
		memcpy(dst + at, one, n);
		at += n;
		if (at + tail < size)
			safe = at; /* the last place with room for the dots */
	}
	dst[at] = '\0';
	return dst;
}
