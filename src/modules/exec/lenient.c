/*
 * lenient: JSON with numbers that JSON or the state cannot hold, made readable.
 *
 * This is no parser: only strings are told from what is between them, and what is changed is one
 * word there.  The member's name in the message is the last string before a colon.
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

/* The text as it is read and written again. */
struct scan {
	const char *at, *end; /* NUL-terminated at end */
	char *to;
	const char *string, *key; /* the last string, and the last that a colon follows */
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
	char text[120];

	if (s->changed->count++ > 0)
		return;
	snprintf(text, sizeof(text), "%.*s is %.*s%s",
		(int)(s->key_length < 48 ? s->key_length : 48), s->key_length > 0 ? s->key : "",
		(int)(length < 32 ? length : 32), s->at, what);
	vigil_clean(s->changed->text, sizeof(s->changed->text), text);
}

static void copy_string(struct scan *s)
{
	const char *p = s->at + 1;

	while (p < s->end && *p != '"')
		p += 1 + (*p == '\\' && p + 1 < s->end);
	p += p < s->end;
	s->string = s->at;
	s->string_length = (size_t)(p - s->at);
	copy(s, s->string_length);
}

/* Whether the word is one by which programs print what is no finite number. */
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

/* Whether it is written as a number, and as a whole one. */
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

/* The length of the word at the text: what stands between white space and JSON's own signs. */
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
	/* A word grows by two bytes at most, and a sign follows each. */
	char *begin = malloc(*length + 1), *to = malloc(3 * *length + 8);
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
