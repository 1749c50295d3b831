/*
 * probe_expect: see probe_expect.h.
 *
 * glibc matches an expression that is anchored at the beginning in one pass over the text, and an
 * expression without an anchor in one pass for each position, which takes minutes for some answers
 * of 64 KiB.  So P is compiled as ^.*(P).  Back-references are refused, because their time is
 * exponential.
 */
#include "probe_expect.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct probe_expect {
	bool is_regex;
	regex_t regex;
	struct probe_bytes literal;
};

/* --- escapes ---------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at =
		c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Decodes the escape at text, which begins with a backslash.  Returns the length of the escape; 0:
 * it is none. */
static size_t decode(const char *text, char *byte)
{
	static const char names[] = "rnt\\", bytes[] = "\r\n\t\\";
	const char *name = text[1] != '\0' ? strchr(names, text[1]) : NULL;
	int high, low;

	if (name != NULL) {
		*byte = bytes[name - names];
		return 2;
	}
	high = text[1] == 'x' ? hex_digit(text[2]) : -1;
	low = high >= 0 ? hex_digit(text[3]) : -1;
	if (low < 0)
		return 0;
	*byte = (char)(high * 16 + low);
	return 4;
}

int probe_unescape(const char *text, struct probe_bytes *bytes, char *why, size_t size)
{
	bytes->length = 0;
	while (*text != '\0') {
		char byte = *text;
		size_t n = byte == '\\' ? decode(text, &byte) : 1;

		if (n == 0) {
			snprintf(why, size,
				"\"%.4s\" is no escape; use \\r \\n \\t \\xNN, and \\\\ for a "
				"backslash",
				text);
			return -EINVAL;
		}
		if (bytes->length == sizeof(bytes->bytes)) {
			snprintf(why, size, "is longer than %d bytes", PROBE_BYTES);
			return -EINVAL;
		}
		bytes->bytes[bytes->length++] = byte;
		text += n;
	}
	return 0;
}

/* --- expressions ------------------------------------------------------------------------------ */

static bool has_back_reference(const char *pattern)
{
	for (; *pattern != '\0'; pattern++)
		if (pattern[0] == '\\' && pattern[1] != '\0') {
			if (pattern[1] >= '1' && pattern[1] <= '9')
				return true;
			pattern++;
		}
	return false;
}

/* How many nodes an expression may have. glibc copies what is repeated, so that a few characters
 * can take gigabytes of memory. */
#define NODES_MAX 500
#define DEPTH_MAX 32

/* Returns the length of the bracket expression at text, such as [^]a-z]. */
static size_t bracket_length(const char *text)
{
	size_t n = 1;

	n += text[n] == '^';
	n += text[n] == ']';
	n += strcspn(text + n, "]");
	return n + (text[n] == ']');
}

/* Returns how often the repetition at text, such as {2,5} or +, copies what is before it, and its
 * length in *length; 1: not at all. */
static size_t copies(const char *text, size_t *length)
{
	char *end;
	unsigned long least, most;

	*length = 1;
	if (text[0] != '{')
		return text[0] == '+' ? 2 : 1;
	least = strtoul(text + 1, &end, 10);
	most = *end == ',' ? strtoul(end + 1, &end, 10) : least;
	*length = (size_t)(end - text) + (*end == '}');
	most = most > least ? most : least + 1;
	return most < NODES_MAX ? most : NODES_MAX;
}

/* Returns whether the expression is too large. */
static bool is_too_large(const char *pattern)
{
	size_t nodes[DEPTH_MAX] = {0}, last = 0, depth = 0, n;

	for (; *pattern != '\0' && nodes[depth] <= NODES_MAX; pattern += n) {
		n = 1;
		if (*pattern == '(') {
			if (++depth == DEPTH_MAX)
				return true;
			nodes[depth] = last = 0;
		} else if (*pattern == ')' && depth > 0) {
			last = nodes[depth--] + 1;
			nodes[depth] += last;
		} else if (strchr("+{*?", *pattern) != NULL) {
			size_t times = copies(pattern, &n);

			nodes[depth] += last * (times - 1) + 1;
			last *= times;
		} else {
			n = *pattern == '[' ? bracket_length(pattern) : *pattern == '\\' ? 2 : 1;
			n = pattern[1] == '\0' ? 1 : n;
			last = 1;
			nodes[depth]++;
		}
	}
	return nodes[depth] > NODES_MAX;
}

static int compile(regex_t *regex, const char *pattern, char *why, size_t size)
{
	int err = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);
	char reason[128];

	if (err == 0)
		return 0;
	regerror(err, regex, reason, sizeof(reason));
	snprintf(why, size, "is not a regular expression: %s", reason);
	return -EINVAL;
}

static int compile_anchored(regex_t *regex, const char *pattern, char *why, size_t size)
{
	char *anchored;
	int err;

	if (pattern[0] == '\0' || has_back_reference(pattern)) {
		snprintf(why, size, "%s",
			pattern[0] == '\0' ? "the regular expression is empty"
					   : "back-references such as \\1 are not supported");
		return -EINVAL;
	}
	if (is_too_large(pattern)) {
		snprintf(why, size, "the regular expression is too large");
		return -EINVAL;
	}
	/* The expression must be valid without the parentheses around it: "a)(b" is not. */
	err = compile(regex, pattern, why, size);
	if (err != 0)
		return err;
	regfree(regex);
	if (asprintf(&anchored, "^.*(%s)", pattern) < 0) {
		snprintf(why, size, "out of memory");
		return -ENOMEM;
	}
	err = compile(regex, anchored, why, size);
	free(anchored);
	return err;
}

struct probe_expect *probe_expect_new(const char *text, char *why, size_t size)
{
	struct probe_expect *expect = calloc(1, sizeof(*expect));
	int err;

	if (expect == NULL) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	expect->is_regex = text[0] == '~';
	if (expect->is_regex)
		err = compile_anchored(
			&expect->regex, text + 1 + strspn(text + 1, " \t"), why, size);
	else
		err = probe_unescape(text, &expect->literal, why, size);
	if (err == 0)
		return expect;
	free(expect);
	return NULL;
}

void probe_expect_free(struct probe_expect *expect)
{
	if (expect != NULL && expect->is_regex)
		regfree(&expect->regex);
	free(expect);
}

/* --- matches ---------------------------------------------------------------------------------- */

/* Matches one line.  A NUL byte counts as a blank, because it would end the text. */
static bool matches_line(const regex_t *regex, const char *line, size_t length)
{
	char *copy = malloc(length + 1);
	bool found;

	if (copy == NULL)
		return false;
	memcpy(copy, line, length);
	copy[length] = '\0';
	for (size_t i = 0; i < length; i++)
		if (copy[i] == '\0')
			copy[i] = ' ';
	if (length > 0 && copy[length - 1] == '\r')
		copy[length - 1] = '\0';
	found = regexec(regex, copy, 0, NULL, 0) == 0;
	free(copy);
	return found;
}

static bool matches_a_line(const regex_t *regex, const char *answer, size_t length, size_t from)
{
	const char *line = answer + from, *end = answer + length;

	while (line > answer && line[-1] != '\n')
		line--;
	for (;;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline != NULL ? newline : end;

		if (matches_line(regex, line, (size_t)(stop - line)))
			return true;
		if (newline == NULL || newline + 1 == end)
			return false;
		line = newline + 1;
	}
}

bool probe_expect_found(
	const struct probe_expect *expect, const char *answer, size_t length, size_t from)
{
	size_t n = expect->literal.length, overlap = from < n ? from : n;

	if (expect->is_regex)
		return matches_a_line(&expect->regex, answer, length, from);
	return memmem(answer + from - overlap, length - from + overlap, expect->literal.bytes, n) !=
	       NULL;
}
