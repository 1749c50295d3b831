/*
 * text: parsers for the small formats of configuration files and command lines.
 *
 * Pure functions on borrowed text.  Each format is so small that its parser is shorter than the
 * code that would adapt a library to it.
 */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- names ------------------------------------------------------------------------------------ */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* Returns true for one word character, followed by word characters and characters of others; most
 * is the longest length. */
static bool is_name(const char *name, const char *others, size_t most)
{
	size_t n;

	if (!is_word(name[0]))
		return false;
	for (n = 1; name[n] != '\0'; n++)
		if (n >= most || (!is_word(name[n]) && strchr(others, name[n]) == NULL))
			return false;
	return true;
}

bool text_is_daemon_name(const char *name)
{
	return is_name(name, ".@-", 64);
}

bool text_is_service_name(const char *name)
{
	return is_name(name, ":.\\@-", 255) && strstr(name, "..") == NULL;
}

/* --- numbers with units ----------------------------------------------------------------------- */

/* A longer duration does not fit into 64-bit nanoseconds: about 570 years. */
#define DURATION_MAX 1.8e10

/* Parses digits with an optional point and more digits.  It accepts no sign, exponent or blanks,
 * and does not depend on the locale.  Returns the rest of the text, or NULL. */
static const char *plain_number(const char *text, double *value)
{
	double scale = 1;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (*value = 0; isdigit((unsigned char)*text); text++)
		*value = *value * 10 + (*text - '0');
	if (*text != '.')
		return text;
	if (!isdigit((unsigned char)*++text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++) {
		if (scale < 1e15) { /* further digits do not change the value */
			*value = *value * 10 + (*text - '0');
			scale *= 10;
		}
	}
	*value /= scale;
	return text;
}

/* From the largest to the smallest, which is the order in a duration: 1h30m is valid, 30m1h is
 * not. */
static const struct time_unit {
	const char *name;
	double seconds;
} time_units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {"ms", 0.001}};

#define TIME_UNITS (sizeof(time_units) / sizeof(*time_units))

/* Finds the unit at the start of text, beginning with the unit *unit.  Returns the rest of the
 * text, or NULL. */
static const char *read_unit(const char *text, size_t *unit)
{
	size_t n = 0;

	while (isalpha((unsigned char)text[n]))
		n++;
	for (; *unit < TIME_UNITS; ++*unit)
		if (strlen(time_units[*unit].name) == n &&
			strncmp(time_units[*unit].name, text, n) == 0)
			return text + n;
	return NULL;
}

int text_duration(const char *text, double *seconds)
{
	double total = 0, number = 0;
	const char *rest = text;
	size_t unit = 0;

	do {
		rest = plain_number(rest, &number);
		if (rest == NULL)
			return -EINVAL;
		if (*rest == '\0' && unit == 0) {
			total = number;
			break;
		}
		rest = read_unit(rest, &unit);
		if (rest == NULL)
			return -EINVAL;
		total += number * time_units[unit++].seconds;
	} while (*rest != '\0');
	if (!(total <= DURATION_MAX))
		return -EINVAL;
	*seconds = total;
	return 0;
}

int text_size(const char *text, int64_t *bytes)
{
	static const struct {
		const char *name;
		int shift;
	} units[] = {{"", 0}, {"B", 0}, {"K", 10}, {"KiB", 10}, {"M", 20}, {"MiB", 20}, {"G", 30},
		{"GiB", 30}, {"T", 40}, {"TiB", 40}};
	const size_t count = sizeof(units) / sizeof(*units);
	bool over = false;
	int64_t value = 0;
	size_t i;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++)
		over |= __builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, *text - '0', &value);
	for (i = 0; i < count && strcasecmp(text, units[i].name) != 0; i++)
		;
	if (i == count)
		return -EINVAL;
	if (over || __builtin_mul_overflow(value, INT64_C(1) << units[i].shift, &value))
		return -ERANGE;
	*bytes = value;
	return 0;
}

int text_bool(const char *text, bool *value)
{
	static const char *const words[][2] = {
		{"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		for (int v = 0; v < 2; v++) {
			if (strcasecmp(text, words[i][v]) == 0) {
				*value = v;
				return 0;
			}
		}
	}
	return -EINVAL;
}

char *text_format_age(char buf[TEXT_AGE], double seconds)
{
	unsigned long long s;

	if (!(seconds > 0))
		seconds = 0;
	if (seconds < 9.95) {
		snprintf(buf, TEXT_AGE, "%.1fs", seconds);
		return buf;
	}
	s = seconds < 1e12 ? (unsigned long long)seconds : 1000000000000ULL;
	if (s < 60)
		snprintf(buf, TEXT_AGE, "%llus", s);
	else if (s < 3600)
		snprintf(buf, TEXT_AGE, "%llum%02llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, TEXT_AGE, "%lluh%02llum", s / 3600, s / 60 % 60);
	else
		snprintf(buf, TEXT_AGE, "%llud%02lluh", s / 86400, s / 3600 % 24);
	return buf;
}

/* --- characters ------------------------------------------------------------------------------- */

size_t text_decode(const char *text, size_t left, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char first = left > 0 ? (unsigned char)text[0] : 0xff;
	size_t n = first < 0x80                    ? 1
		   : first >= 0xf0 && first < 0xf8 ? 4
		   : first >= 0xe0                 ? 3
		   : first >= 0xc2                 ? 2
						   : 0;

	if (n == 0 || n > left || first >= 0xf8)
		return 0;
	*c = n == 1 ? first : first & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (text[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

char *text_truncate(char *dst, size_t size, const char *text)
{
	size_t length = strlen(text), keep = size - sizeof("...");

	if (length < size) {
		memcpy(dst, text, length + 1);
		return dst;
	}
	while (keep > 0 && (text[keep] & 0xc0) == 0x80)
		keep--; /* do not cut within a character */
	memcpy(dst, text, keep);
	strcpy(dst + keep, "...");
	return dst;
}

/* --- lists ------------------------------------------------------------------------------------ */

void text_free_list(char **list)
{
	if (list == NULL)
		return;
	for (char **p = list; *p != NULL; p++)
		free(*p);
	free(list);
}

/* Takes ownership of text.  On failure it frees text and the list. */
static char **append(char **list, size_t *count, char *text)
{
	char **grown = text == NULL ? NULL : reallocarray(list, *count + 2, sizeof(*list));

	if (grown == NULL) {
		free(text);
		text_free_list(list);
		return NULL;
	}
	grown[(*count)++] = text;
	grown[*count] = NULL;
	return grown;
}

size_t text_count_list(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

bool text_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

char **text_copy_list(const char *const *list)
{
	size_t count = 0, length = 0;
	char **copy, *room;

	for (; list != NULL && list[count] != NULL; count++)
		length += strlen(list[count]) + 1;
	copy = calloc(1, (count + 1) * sizeof(*copy) + length);
	if (copy == NULL)
		return NULL;
	room = (char *)&copy[count + 1];
	for (size_t i = 0; i < count; i++, room += strlen(room) + 1)
		copy[i] = strcpy(room, list[i]);
	return copy;
}

bool text_equal_lists(const char *const *a, const char *const *b)
{
	static const char *const empty[] = {NULL};

	a = a != NULL ? a : empty;
	b = b != NULL ? b : empty;
	for (; *a != NULL && *b != NULL; a++, b++)
		if (strcmp(*a, *b) != 0)
			return false;
	return *a == *b;
}

/* The characters that separate words.  All functions must use the same set, because a character
 * that ends a word but is not skipped before the next word would cause an endless loop of empty
 * words. */
#define BLANKS " \t\r\n"

char **text_split_list(const char *text)
{
	char **list = calloc(1, sizeof(*list));
	size_t count = 0, n;

	while (list != NULL && *text != '\0') {
		text += strspn(text, "," BLANKS);
		n = strcspn(text, ",");
		const char *next = text + n;

		while (n > 0 && strchr(BLANKS, text[n - 1]) != NULL)
			n--;
		if (n > 0)
			list = append(list, &count, strndup(text, n));
		text = next;
	}
	return list;
}

/* --- shell quoting ---------------------------------------------------------------------------- */

/* Copies one word to out, which is at least as long as the text.  Returns the rest of the text, or
 * NULL. */
static const char *read_word(const char *p, char *out, const char **why)
{
	char quote = '\0';

	for (; *p != '\0' && (quote != '\0' || strchr(BLANKS, *p) == NULL); p++) {
		if (quote == '\0' && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else if (*p == quote) {
			quote = '\0';
		} else if (*p == '\\' && quote != '\'') {
			if (p[1] == '\0') {
				*why = "it ends with a backslash";
				return NULL;
			}
			if (quote == '"' && strchr("\"\\$`", p[1]) == NULL)
				*out++ = *p;
			*out++ = *++p;
		} else {
			*out++ = *p;
		}
	}
	*out = '\0';
	if (quote == '\0')
		return p;
	*why = quote == '"' ? "unterminated \"" : "unterminated '";
	return NULL;
}

int text_split_command(const char *text, char ***argv, const char **why)
{
	char *word = malloc(strlen(text) + 1), **list = calloc(1, sizeof(*list));
	size_t count = 0;

	*why = "out of memory";
	while (word != NULL && list != NULL) {
		text += strspn(text, BLANKS);
		if (*text == '\0')
			break;
		text = read_word(text, word, why);
		if (text == NULL)
			goto fail;
		list = append(list, &count, strdup(word));
	}
	if (word == NULL || list == NULL)
		goto fail;
	if (count == 0 || list[0][0] == '\0') {
		*why = "it names no program";
		goto fail;
	}
	free(word);
	*argv = list;
	*why = NULL;
	return 0;
fail:
	free(word);
	text_free_list(list);
	*argv = NULL;
	return -EINVAL;
}

/* --- suggestions ------------------------------------------------------------------------------ */

#define WORD_MAX 64

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Case is ignored, because INTERVAL probably means interval. */
static bool differs(char a, char b)
{
	return tolower((unsigned char)a) != tolower((unsigned char)b);
}

/* Returns the edit distance: inserted, deleted and replaced letters and swapped neighbours count 1
 * each. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1], *two = rows[0], *one = rows[1], *now = rows[2], *spare;
	size_t na = strlen(a), nb = strlen(b), i, j;

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (j = 0; j <= nb; j++)
		one[j] = (unsigned)j;
	for (i = 1; i <= na; i++) {
		now[0] = (unsigned)i;
		for (j = 1; j <= nb; j++) {
			now[j] = least(one[j] + 1, now[j - 1] + 1,
				one[j - 1] + differs(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && !differs(a[i - 1], b[j - 2]) &&
				!differs(a[i - 2], b[j - 1]) && two[j - 2] + 1 < now[j])
				now[j] = two[j - 2] + 1;
		}
		spare = two;
		two = one;
		one = now;
		now = spare;
	}
	return one[nb];
}

void text_suggest_init(struct text_suggest *s, const char *word)
{
	size_t n = strlen(word);

	*s = (struct text_suggest){.word = word, .distance = (n <= 4 ? 1 : n <= 8 ? 2 : 3) + 1};
}

void text_suggest_add(struct text_suggest *s, const char *candidate)
{
	unsigned d = distance(s->word, candidate);

	if (d < s->distance && d < strlen(candidate)) {
		s->distance = d;
		s->best = candidate;
	}
}

const char *text_suggest_get(const struct text_suggest *s)
{
	return s->best;
}

bool text_glob(const char *glob, const char *name)
{
	const char *star = NULL, *mark = NULL;

	while (*name != '\0') {
		if (*glob == '*') {
			star = ++glob;
			mark = name;
		} else if (*glob == '?' || *glob == *name) {
			glob++;
			name++;
		} else if (star != NULL) {
			glob = star;
			name = ++mark;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

uint32_t text_hash(const char *text, uint32_t hash)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}
