/*
 * escape: text of strangers made fit to be printed.
 *
 * What services print may hold anything: an end of line that forges the next entry, the codes
 * that retitle a terminal, a direction mark that turns a name around, bytes that are no
 * character.  Whatever is not plainly printable UTF-8 is written as an escape.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

/* The length of the UTF-8 sequence at text, its character in *c; 0: it is none. */
static size_t decode(const unsigned char *text, size_t left, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = text[0] < 0x80                      ? 1
		   : text[0] >= 0xf0 && text[0] < 0xf8 ? 4
		   : text[0] >= 0xe0                   ? 3
		   : text[0] >= 0xc2                   ? 2
						       : 0;

	if (n == 0 || n > left || text[0] >= 0xf8)
		return 0;
	*c = n == 1 ? text[0] : text[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (text[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

static bool is_plain(uint32_t c)
{
	if (c < 0x20 || c == '\\' || (c >= 0x7f && c < 0xa0))
		return false;
	/* Marks that reorder what stands beside them, separators of lines, the byte order mark. */
	return !((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		 (c >= 0x2060 && c <= 0x206f) || c == 0xfeff);
}

/* One character or byte at text, as it is to be written: its length in out; *took: in text. */
static size_t escape_one(const unsigned char *text, size_t left, char out[16], size_t *took)
{
	static const char letters[][2] = {{'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}, {'\\', '\\'}};
	uint32_t c = 0;

	*took = decode(text, left, &c);
	if (*took == 0) {
		*took = 1;
		return (size_t)snprintf(out, 16, "\\x%02X", text[0]);
	}
	if (is_plain(c)) {
		memcpy(out, text, *took);
		return *took;
	}
	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++)
		if (c == (unsigned char)letters[i][0])
			return (size_t)snprintf(out, 16, "\\%c", letters[i][1]);
	return (size_t)snprintf(out, 16, c < 0x80 ? "\\x%02X" : "\\u{%X}", (unsigned)c);
}

char *log_escape(char *dst, size_t size, const char *text, size_t length)
{
	static const char dots[] = "...";
	const size_t tail = sizeof(dots) - 1;
	size_t at = 0, safe = 0, n, took;
	char one[16];

	if (size == 0)
		return dst;
	for (size_t i = 0; i < length; i += took) {
		n = escape_one((const unsigned char *)text + i, length - i, one, &took);
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
