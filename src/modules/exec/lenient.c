/*
 * lenient: see lenient.h.
 *
 * This is not a parser. It only distinguishes strings from the text between them, and it changes
 * either one word between strings or one character in a string. The member name in the description
 * of a change is the last string before a colon.
 */
#include "lenient.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <vigil/vigil.h>

#define MARK "\xef\xbb\xbf" /* a byte order mark in UTF-8 */

/* The state of the scan: the text that is read and the copy that is written. */
struct scan {
	const char *at, *end; /* NUL-terminated at `end` */
	char *to;
	const char *string, *key; /* the last string; the last string that a colon follows */
	size_t string_length, key_length;
	struct lenient *changed;
};

static void copy(struct scan *s, size_t length)
{
	memcpy(s->to, s->at, length);
	s->to += length;
	s->at += length;
}

static void note(struct scan *s, size_t length, const char *what)
{
	char text[160];

	if (s->changed->count++ > 0)
		return;
	snprintf(text, sizeof(text), "%.*s is %.*s%s",
		(int)(s->key_length < 48 ? s->key_length : 48), s->key_length > 0 ? s->key : "",
		(int)(length < 32 ? length : 32), s->at, what);
	vigil_sanitize(s->changed->text, sizeof(s->changed->text), text);
}

/* --- strings ---------------------------------------------------------------------------------- */

/* Returns the length of the UTF-8 sequence at p. 0: it is not valid. */
static size_t utf8_length(const char *p, const char *end)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)*p;
	size_t length = first < 0x80   ? 1
			: first < 0xc2 ? 0
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
				       : 4;
	unsigned c = first & (0x7fu >> length);

	if (first < 0x80)
		return 1;
	if (length == 0 || first > 0xf4 || (size_t)(end - p) < length)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	}
	return c >= least[length] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? length : 0;
}

/* Returns the UTF-16 unit of an escape such as \u00e9 at p. -1: there is no such escape. */
static int unit_at(const char *p, const char *end)
{
	unsigned unit = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		if (!isxdigit((unsigned char)p[i]))
			return -1;
		unit = unit << 4 |
		       (unsigned)(isdigit((unsigned char)p[i]) ? p[i] - '0'
							       : (p[i] | 0x20) - 'a' + 10);
	}
	return (int)unit;
}

/* Copies an escape. Returns false if the escape denotes a character that the state cannot store;
 * the escape is then copied as text. */
static bool copy_escape(struct scan *s)
{
	int unit = unit_at(s->at, s->end), next;

	if (unit < 0 || (unit > 0 && (unit < 0xd800 || unit > 0xdfff))) {
		copy(s, s->at + 1 < s->end ? 2 : 1);
		return true;
	}
	next = unit_at(s->at + 6, s->end);
	if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
		copy(s, 12);
		return true;
	}
	*s->to++ = '\\';
	copy(s, 6);
	return false;
}

/* Copies one character of a string. A control character becomes an escape, which loses nothing.
 * Returns false if the bytes are not a valid character; their code is then copied as text. */
static bool copy_character(struct scan *s)
{
	size_t length = utf8_length(s->at, s->end);

	if (*s->at == '\\')
		return copy_escape(s);
	if (length > 0 && (unsigned char)*s->at >= 0x20) {
		copy(s, length);
		return true;
	}
	s->to += sprintf(s->to, length > 0 && *s->at != '\0' ? "\\u%04x" : "\\\\x%02X",
		(unsigned char)*s->at);
	s->at++;
	return length > 0 && s->at[-1] != '\0';
}

static void copy_string(struct scan *s)
{
	bool whole = true;

	s->string = s->at;
	copy(s, 1);
	while (s->at < s->end && *s->at != '"')
		whole = copy_character(s) && whole;
	if (s->at < s->end)
		copy(s, 1);
	s->string_length = (size_t)(s->at - s->string);
	if (!whole)
		note(s, 0, "a text with invalid UTF-8, whose bytes are shown as codes");
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* Returns whether the word is a usual spelling of a number that is not finite. */
static bool is_not_finite(const char *word, size_t length)
{
	static const char *const names[] = {"nan", "inf", "infinity"};
	size_t sign = *word == '-' || *word == '+';

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (length - sign == strlen(names[i]) &&
			strncasecmp(word + sign, names[i], length - sign) == 0)
			return true;
	return false;
}

/* Returns whether the word is written as a number. *whole tells whether it is written as an
 * integer. */
static bool is_number(const char *word, size_t length, bool *whole)
{
	const char *digits = word + (*word == '-');

	if (!isdigit((unsigned char)*digits) || strspn(word, "+-.0123456789eE") < length)
		return false;
	*whole = strspn(digits, "0123456789") == length - (size_t)(digits - word);
	return true;
}

static bool fits(const char *word)
{
	errno = 0;
	strtoll(word, NULL, 10);
	return errno == 0;
}

static void copy_word(struct scan *s, size_t length)
{
	bool whole = false, number = is_number(s->at, length, &whole);

	if (is_not_finite(s->at, length) || (number && !isfinite(strtod(s->at, NULL)))) {
		note(s, length, " and is left out");
		s->at += length;
		memcpy(s->to, "null", 4);
		s->to += 4;
	} else if (number && whole && !fits(s->at)) {
		note(s, length, " and is rounded");
		copy(s, length);
		memcpy(s->to, ".0", 2);
		s->to += 2;
	} else {
		copy(s, length);
	}
}

/* Returns the length of the word at the current position: the text up to the next white space,
 * quote or punctuation of JSON. */
static size_t word_length(const struct scan *s)
{
	const char *p = s->at;

	while (p < s->end && *p != '\0' && strchr(" \t\r\n\"{}[],:", *p) == NULL)
		p++;
	return (size_t)(p - s->at);
}

static void scan(struct scan *s)
{
	size_t length;

	if (s->end - s->at >= 3 && memcmp(s->at, MARK, 3) == 0)
		s->at += 3;
	while (s->at < s->end) {
		length = word_length(s);
		if (*s->at == '"') {
			copy_string(s);
		} else if (length > 0) {
			copy_word(s, length);
		} else {
			if (*s->at == ':') {
				s->key = s->string;
				s->key_length = s->string_length;
			}
			copy(s, 1);
		}
	}
}

char *lenient_json(const char *text, size_t *length, struct lenient *changed)
{
	/* A control character grows most: it becomes an escape of six bytes. */
	char *begin = malloc(*length + 1), *to = malloc(6 * *length + 8);
	struct scan s = {.at = begin, .to = to, .changed = changed};

	*changed = (struct lenient){0};
	if (begin == NULL || to == NULL) {
		free(begin);
		free(to);
		return NULL;
	}
	memcpy(begin, text, *length);
	begin[*length] = '\0';
	s.end = begin + *length;
	scan(&s);
	*s.to = '\0';
	*length = (size_t)(s.to - to);
	free(begin);
	return to;
}
