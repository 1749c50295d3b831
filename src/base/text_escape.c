/*
 * text_escape: makes untrusted text safe to print.
 *
 * The output of a service may contain anything: a newline that forges the next log entry, an escape
 * sequence that sets the title of a terminal, a mark that reverses the direction of a name, invalid
 * UTF-8.  Every character that is not printable UTF-8 is written as an escape.
 *
 * A backslash is not escaped, so escaping twice gives the same result as escaping once.  Several
 * layers of vigild may escape the same text.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool is_plain(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	/* Directional marks, zero-width characters, line separators, the byte order mark. */
	return !(c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		 (c >= 0x2060 && c <= 0x206f) || c == 0xfeff);
}

/* Writes one character or byte of text to out, escaped unless keep contains it.  Returns the length
 * in out; *took is the length in text. */
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
			safe = at; /* the last position with room for the dots */
	}
	dst[at] = '\0';
	return dst;
}
