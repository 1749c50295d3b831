/*
 * perfdata: the performance data of a Nagios plugin.
 *
 * An item is 'label'=value[unit];[warn];[crit];[min];[max]; items are separated by white space.  A
 * label with white space is in single quotes, and a quote in it is doubled; labels with blanks or
 * quotes that break this rule are read where their end is clear.
 *
 * What is not of that form is counted and skipped, because plugins are many and their authors too.  A
 * value is kept also when its thresholds cannot be read.  The value U means that it could not be
 * determined, and is kept as null.  A value with more digits than a double has is kept rounded, and its
 * text beside it as `exact`; such a threshold is kept as text.  A threshold that is a plain number is kept as a number, any other
 * range (10:20, ~:5, @1:2) as text.
 */
#include "perfdata.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

#define LABEL_MAX 768
#define FIELD_MAX 64
/* One byte of a stranger's text takes at most four when it is made clean: "\x00". */
#define LABEL_SIZE (4 * LABEL_MAX + 16)

/* --- items ------------------------------------------------------------------------------------ */

/* Where the number at text ends; text itself: there is none.  Neither hexadecimal nor "inf",
 * which strtod would take. */
static const char *skip_number(const char *text)
{
	const char *p = text + (*text == '-' || *text == '+');
	const char *digits = p;
	size_t whole = strspn(p, "0123456789"), part = 0;

	p += whole;
	if (*p == '.') {
		part = strspn(p + 1, "0123456789");
		p += 1 + part;
	}
	if (whole + part == 0)
		return text;
	digits = p;
	if (*p == 'e' || *p == 'E') {
		p += 1 + (p[1] == '-' || p[1] == '+');
		p = isdigit((unsigned char)*p) ? p + strspn(p, "0123456789") : digits;
	}
	return p;
}

/* A decimal number without sign, leading zeros, and zeros at the end of its fraction. */
static void canonical(char *digits, size_t size, const char *text, size_t length)
{
	size_t n;

	text += *text == '-' || *text == '+' ? (length--, 1) : 0;
	for (; length > 1 && *text == '0' && text[1] != '.'; length--)
		text++;
	n = length < size ? length : size - 1;
	memcpy(digits, text, n);
	digits[n] = '\0';
	if (strchr(digits, '.') == NULL)
		return;
	while (n > 0 && digits[n - 1] == '0')
		digits[--n] = '\0';
	if (n > 0 && digits[n - 1] == '.')
		digits[n - 1] = '\0';
}

/* Whether a number has lost digits as a double. */
static bool is_rounded(const char *text, const char *end, double value)
{
	char written[VIGIL_NUMBER_TEXT], kept[VIGIL_NUMBER_TEXT], shortest[VIGIL_NUMBER_TEXT];
	size_t length = (size_t)(end - text);

	if (length <= 15)
		return false;
	if (memchr(text, 'e', length) != NULL || memchr(text, 'E', length) != NULL)
		return value == 0 && strspn(text, "+-0.") < strcspn(text, "eE");
	vigil_number(shortest, value);
	canonical(written, sizeof(written), text, length);
	canonical(kept, sizeof(kept), shortest, strlen(shortest));
	return strcmp(written, kept) != 0;
}

/* A whole number where it is written as one and fits; NULL: out of range. */
static json_t *number(const char *text, const char *end)
{
	double value;
	long long whole;

	if (memchr(text, '.', (size_t)(end - text)) == NULL &&
		memchr(text, 'e', (size_t)(end - text)) == NULL &&
		memchr(text, 'E', (size_t)(end - text)) == NULL) {
		errno = 0;
		whole = strtoll(text, NULL, 10);
		if (errno == 0)
			return json_integer(whole);
	}
	value = strtod(text, NULL);
	return isfinite(value) ? json_real(value) : NULL;
}

/* The text of a number that is kept rounded; NULL: it is not, or its text is no decimal number. */
static json_t *exact(const char *text, const char *end, const json_t *value)
{
	if (!json_is_real(value) || !is_rounded(text, end, json_real_value(value)) ||
		strcspn(text, "eE") < (size_t)(end - text))
		return NULL;
	return json_stringn(text, (size_t)(end - text));
}

/* [@][~|number][:[number]] */
static bool is_range(const char *text)
{
	const char *p = text + (*text == '@'), *begin = p;

	if (*p == '~')
		p++;
	else
		p = skip_number(p);
	if (*p == ':')
		p = skip_number(p + 1);
	else if (*begin == '~')
		return false; /* without an end it would be no range */
	return p > begin && *p == '\0';
}

/* Cuts the field at text off; the next one follows, or NULL. */
static char *cut_field(char *text)
{
	char *end = strchr(text, ';');

	if (end == NULL)
		return NULL;
	*end = '\0';
	return end + 1;
}

/* The first text that could not be read stands for all of them. */
static void note(struct perfdata *parsed, const char *text)
{
	if (parsed->first[0] == '\0')
		vigil_sanitize(parsed->first, sizeof(parsed->first), text);
}

/* One of warn, crit, min and max; NULL: it cannot be read.  Some plugins repeat the value's unit. */
static json_t *read_limit(const char *text, const char *unit, bool range)
{
	const char *end = skip_number(text);
	json_t *value, *whole;

	if (end > text && (*end == '\0' || strcmp(end, unit) == 0)) {
		value = number(text, end);
		whole = exact(text, end, value);
		if (whole != NULL)
			json_decref(value);
		return whole != NULL ? whole : value;
	}
	return range && is_range(text) ? json_string(text) : NULL;
}

/* The fields after the first ';'.  One that is empty says nothing; one that cannot be read is left
 * out, and the others are kept. */
static void read_limits(struct perfdata *parsed, json_t *item, const char *unit, char *rest)
{
	static const struct {
		const char *key;
		bool range;
	} fields[] = {{"warn", true}, {"crit", true}, {"min", false}, {"max", false}};
	json_t *value;

	for (size_t i = 0; rest != NULL; i++) {
		char *text = rest;

		rest = cut_field(text);
		if (*text == '\0')
			continue;
		value = i < 4 ? read_limit(text, unit, fields[i].range) : NULL;
		if (value == NULL || json_object_set_new(item, fields[i].key, value) != 0) {
			parsed->limits_refused++;
			note(parsed, text);
		}
	}
}

/* A unit is short and without digits, quotes and semicolons, as the guidelines have it. */
static bool is_unit(const char *text)
{
	return strlen(text) <= 16 && strpbrk(text, "0123456789;'\"") == NULL;
}

/* value[unit];... as an object; NULL: it is none. */
static json_t *read_item(struct perfdata *parsed, char *text)
{
	char *rest = cut_field(text), unit[FIELD_MAX];
	const char *end = skip_number(text);
	json_t *value = NULL, *item = NULL, *digits;

	if (strcmp(text, "U") == 0) {
		value = json_null();
		end = "";
	} else if (end > text && is_unit(end)) {
		value = number(text, end);
	}
	if (value != NULL)
		item = json_pack("{s:o,s:s}", "value", value, "unit",
			vigil_sanitize(unit, sizeof(unit), end));
	if (item == NULL)
		return NULL;
	digits = exact(text, end, value);
	if (digits != NULL)
		json_object_set_new(item, "exact", digits);
	read_limits(parsed, item, end, rest);
	return item;
}

/* --- labels ----------------------------------------------------------------------------------- */

#define BLANKS " \t\r\n"

/* Where the quoted label that begins at text ends, at the quote before its '='; NULL: nowhere.
 * The guidelines double a quote within; where that reading fails, the first '=' decides, because
 * some plugins print a quote as it is. */
static char *quoted_end(char *text)
{
	char *p = text + 1, *last = text + 1 + strnlen(text + 1, LABEL_MAX);

	while (p < last && (*p != '\'' || p[1] == '\''))
		p += *p == '\'' ? 2 : 1;
	if (p < last && p[1] == '=')
		return p;
	p = memchr(text + 1, '=', (size_t)(last - text - 1));
	return p != NULL && p > text + 1 && p[-1] == '\'' ? p - 1 : NULL;
}

/* What is like a value, or has neither letter nor digit, is no part of a label. */
static bool is_label_word(const char *word, const char *end)
{
	bool named = false;

	for (const char *p = word; p < end; p++)
		named = named || isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80;
	return named && memchr(word, ';', (size_t)(end - word)) == NULL && skip_number(word) != end;
}

/* Where the label that begins at text without a quote ends, at its '='; NULL: nowhere, and *rest is
 * where to go on.  Words without '=' belong to the label, as Icinga reads it; in the last word the
 * last '=' counts. */
static char *plain_end(char *text, char **rest)
{
	char *word = text, *end, *equals;

	for (;;) {
		end = word + strcspn(word, BLANKS);
		*rest = end;
		equals = memrchr(word, '=', (size_t)(end - word));
		if (equals != NULL)
			return equals > text ? equals : NULL;
		if (!is_label_word(word, end))
			return NULL;
		word = end + strspn(end, BLANKS);
		if (*word == '\0' || (*word == '\'' && quoted_end(word) != NULL))
			return NULL;
	}
}

/* The label from text up to end, without doubled quotes and blanks at its end.  False: it is empty
 * or too long. */
static bool copy_label(char label[LABEL_SIZE], const char *text, const char *end, bool quoted)
{
	char raw[LABEL_MAX + 1];
	size_t n = 0;

	while (end > text && strchr(BLANKS, end[-1]) != NULL)
		end--;
	for (; text < end && n < LABEL_MAX; n++) {
		raw[n] = *text;
		text += 1 + (quoted && *text == '\'' && text + 1 < end && text[1] == '\'');
	}
	raw[n] = '\0';
	vigil_sanitize(label, LABEL_SIZE, raw);
	return n > 0 && text == end;
}

/* Takes the label at *text off, with its '='.  False: there is none, and what cannot be read has
 * been passed over. */
static bool read_label(char **text, char label[LABEL_SIZE])
{
	char *begin = *text, *rest = begin + strcspn(begin, BLANKS), *end;
	bool quoted = *begin == '\'';

	end = quoted ? quoted_end(begin) : plain_end(begin, &rest);
	if (end == NULL || !copy_label(label, begin + quoted, end, quoted)) {
		*text = rest;
		return false;
	}
	*text = end + quoted + 1;
	return true;
}

/* Cuts the value at *text off, without a comma behind it.  It may come after a blank. */
static char *cut_value(char **text)
{
	char *value = *text, *next = value + strspn(value, BLANKS), *end;

	end = next + strcspn(next, BLANKS "=");
	if (next > value && skip_number(next) > next && *end != '=')
		value = next;
	end = value + strcspn(value, BLANKS);
	*text = *end != '\0' ? end + 1 : end;
	*end = '\0';
	if (end > value && end[-1] == ',')
		end[-1] = '\0';
	return value;
}

void perfdata_read(struct perfdata *parsed, char *text)
{
	char label[LABEL_SIZE], shown[sizeof(parsed->first)], *begin;
	json_t *item;
	bool again;

	for (;;) {
		text += strspn(text, BLANKS);
		if (*text == '\0')
			return;
		begin = text;
		item = NULL;
		if (parsed->first[0] == '\0')
			vigil_sanitize(shown, sizeof(shown), begin);
		if (read_label(&text, label)) {
			char *value = cut_value(&text);

			if (json_object_size(parsed->items) < PERFDATA_ITEMS_MAX)
				item = read_item(parsed, value);
		}
		/* Of two items of one label the last is kept. */
		again = item != NULL && json_object_get(parsed->items, label) != NULL;
		if (item == NULL || json_object_set_new(parsed->items, label, item) != 0 || again) {
			parsed->refused++;
			note(parsed, shown);
		}
	}
}

int perfdata_init(struct perfdata *parsed)
{
	*parsed = (struct perfdata){.items = json_object()};
	return parsed->items != NULL ? 0 : -ENOMEM;
}

void perfdata_clear(struct perfdata *parsed)
{
	json_decref(parsed->items);
	*parsed = (struct perfdata){0};
}
