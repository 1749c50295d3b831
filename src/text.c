/*
 * text: the small languages of config files and command lines.
 *
 * Pure functions on borrowed text.  Each of these formats is small enough that its parser is
 * shorter than the search for a library that does just that.
 */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- names --------------------------------------------------------------------------------------- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* A word character, then those and others, up to most. */
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

/* --- numbers with units ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	double seconds;
} time_units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};

static size_t time_unit(const char *text, double *seconds)
{
	size_t n = 0;

	while (isalpha((unsigned char)text[n]))
		n++;
	for (size_t i = 0; i < sizeof(time_units) / sizeof(*time_units); i++) {
		if (strlen(time_units[i].name) == n && strncmp(time_units[i].name, text, n) == 0) {
			*seconds = time_units[i].seconds;
			return n;
		}
	}
	return 0;
}

/* Digits with at most one point; no sign, no exponent, no blanks, whatever the locale. */
static const char *plain_number(const char *text, double *value)
{
	double scale = 1;
	const char *p = text;

	*value = 0;
	for (; isdigit((unsigned char)*p); p++)
		*value = *value * 10 + (*p - '0');
	if (*p == '.' && p > text)
		for (p++; isdigit((unsigned char)*p); p++)
			*value += (*p - '0') * (scale /= 10);
	return p > text && p[-1] != '.' && *value < 1e15 ? p : NULL;
}

int text_duration(const char *text, double *seconds)
{
	double total = 0, number, unit;
	const char *p = text;
	size_t n;

	do {
		p = plain_number(p, &number);
		if (p == NULL)
			return -EINVAL;
		if (*p == '\0' && total == 0) {
			*seconds = number;
			return 0;
		}
		n = time_unit(p, &unit);
		if (n == 0)
			return -EINVAL;
		total += number * unit;
		p += n;
	} while (*p != '\0');
	*seconds = total;
	return 0;
}

int text_size(const char *text, int64_t *bytes)
{
	static const struct {
		const char *names[4];
		double factor;
	} units[] = {{{"", "B"}, 1}, {{"K", "k", "KiB"}, 1024.0}, {{"M", "MiB"}, 1048576.0},
		{{"G", "GiB"}, 1073741824.0}, {{"T", "TiB"}, 1099511627776.0}};
	double number;
	const char *unit = plain_number(text, &number);

	if (unit == NULL)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		for (size_t j = 0; j < 4 && units[i].names[j] != NULL; j++) {
			if (strcmp(unit, units[i].names[j]) != 0)
				continue;
			if (number * units[i].factor >= 9.2e18)
				return -ERANGE;
			*bytes = (int64_t)(number * units[i].factor);
			return 0;
		}
	}
	return -EINVAL;
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

char *text_age(char buf[TEXT_AGE], double seconds)
{
	unsigned long s;

	if (!(seconds > 0))
		seconds = 0;
	if (seconds < 9.95) {
		snprintf(buf, TEXT_AGE, "%.1fs", seconds);
		return buf;
	}
	s = seconds < 1e12 ? (unsigned long)seconds : 1000000000000UL;
	if (s < 60)
		snprintf(buf, TEXT_AGE, "%lus", s);
	else if (s < 3600)
		snprintf(buf, TEXT_AGE, "%lum%02lus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, TEXT_AGE, "%luh%02lum", s / 3600, s / 60 % 60);
	else
		snprintf(buf, TEXT_AGE, "%lud%02luh", s / 86400, s / 3600 % 24);
	return buf;
}

/* --- lists ------------------------------------------------------------------------------------------------ */

void text_free_list(char **list)
{
	if (list == NULL)
		return;
	for (char **p = list; *p != NULL; p++)
		free(*p);
	free(list);
}

/* Takes text; on failure both go. */
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

char **text_copy_list(const char *const *list)
{
	char **copy = calloc(1, sizeof(*copy));
	size_t count = 0;

	for (; copy != NULL && list != NULL && *list != NULL; list++)
		copy = append(copy, &count, strdup(*list));
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

char **text_split_list(const char *text)
{
	char **list = calloc(1, sizeof(*list));
	size_t count = 0, n;

	while (list != NULL && *text != '\0') {
		text += strspn(text, ", \t");
		n = strcspn(text, ",");
		const char *next = text + n;

		while (n > 0 && isspace((unsigned char)text[n - 1]))
			n--;
		if (n > 0)
			list = append(list, &count, strndup(text, n));
		text = next;
	}
	return list;
}

/* --- shell quoting ----------------------------------------------------------------------------------------- */

/* Copies one word to out (as long as the text at least); returns what follows it, or NULL. */
static const char *read_word(const char *p, char *out, const char **why)
{
	char quote = '\0';

	for (; *p != '\0' && (quote != '\0' || !isspace((unsigned char)*p)); p++) {
		if (quote == '\0' && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else if (*p == quote) {
			quote = '\0';
		} else if (*p == '\\' && quote != '\'') {
			if (p[1] == '\0') {
				*why = "it ends in a backslash";
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
	*why = quote == '"' ? "a \" is never closed" : "a ' is never closed";
	return NULL;
}

int text_split_command(const char *text, char ***argv, const char **why)
{
	char *word = malloc(strlen(text) + 1), **list = calloc(1, sizeof(*list));
	size_t count = 0;

	*why = "out of memory";
	while (word != NULL && list != NULL) {
		text += strspn(text, " \t\r\n");
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
		*why = "there is no program in it";
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

/* --- the word that was meant ---------------------------------------------------------------------------------- */

#define WORD_MAX 64

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Inserted, deleted, replaced letters and swapped neighbours, each counting one. */
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
			bool differ = tolower((unsigned char)a[i - 1]) !=
				      tolower((unsigned char)b[j - 1]);

			now[j] = least(one[j] + 1, now[j - 1] + 1, one[j - 1] + differ);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				two[j - 2] + 1 < now[j])
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
