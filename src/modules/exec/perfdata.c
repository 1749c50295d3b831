/*
 * perfdata: see perfdata.h.
 *
 * An item is 'label'=value[unit];[warn];[crit];[min];[max]; items are separated by white space. A
 * label with white space is in single quotes, and a quote in it is doubled. Labels with blanks or
 * quotes that break this rule are accepted if their end is unambiguous.
 *
 * Text that is not of that form is counted and skipped, because many plugins do not follow the
 * guidelines. A value is kept even if its thresholds cannot be parsed. The value U means that the
 * plugin could not determine it; it is kept as null. A value with more digits than a double can
 * represent is rounded, and its text is kept in the member `exact`; such a threshold is kept as
 * text. A threshold that is a plain number is kept as a number, any other range (10:20, ~:5, @1:2)
 * as text.
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
/* One byte of untrusted text becomes at most four bytes when it is sanitized: "\x00". */
#define LABEL_SIZE (4 * LABEL_MAX + 16)

/* --- items ------------------------------------------------------------------------------------ */

/* Returns the end of the number at text, or text itself if there is none. Hexadecimal numbers and
 * "inf", which strtod accepts, are not numbers here. */
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

/* Copies a decimal number without its sign, leading zeros, and zeros at the end of its fraction. */
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

/* Returns whether a number has lost digits as a double. Of a number with an exponent, only an
 * underflow to 0 is detected. */
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

/* Returns an integer if the number is written as an integer and fits, otherwise a real. NULL: it is
 * out of range. */
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

/* Returns the text of a number that was rounded. NULL: it was not rounded, or its text has an
 * exponent. */
static json_t *exact(const char *text, const char *end, const json_t *value)
{
	if (!json_is_real(value) || !is_rounded(text, end, json_real_value(value)) ||
		strcspn(text, "eE") < (size_t)(end - text))
		return NULL;
	return json_stringn(text, (size_t)(end - text));
}

/* The syntax is [@][~|number][:[number]]. */
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
		return false; /* ~ needs a colon after it */
	return p > begin && *p == '\0';
}

/* Terminates the field at text. Returns the next field or NULL. */
static char *cut_field(char *text)
{
	char *end = strchr(text, ';');

	if (end == NULL)
		return NULL;
	*end = '\0';
	return end + 1;
}

/* Only the first text that could not be parsed is kept. */
static void note(struct perfdata *parsed, const char *text)
{
	if (parsed->first[0] == '\0')
		vigil_sanitize(parsed->first, sizeof(parsed->first), text);
}

/* Parses one of warn, crit, min and max. NULL: it is not valid. A repeated unit of the value is
 * accepted, because some plugins print it. */
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

/* Parses the fields after the first ';'. An empty field is skipped, and a field that cannot be
 * parsed is counted and left out; the others are kept. */
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

/* Returns whether the text is a unit. By the guidelines, a unit has no digits, quotes and
 * semicolons; at most 16 bytes are accepted. */
static bool is_unit(const char *text)
{
	return strlen(text) <= 16 && strpbrk(text, "0123456789;'\"") == NULL;
}

/* Parses value[unit];... into an object. NULL: it is not valid. */
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

/* Returns the closing quote of the quoted label that begins at text; a '=' follows it. NULL: there
 * is none. By the guidelines a quote in the label is doubled. If that reading fails, the first '='
 * decides, because some plugins print a single quote. */
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

/* Returns whether a word can be a part of a label: it must have a letter or digit, and must not
 * look like a value. */
static bool is_label_word(const char *word, const char *end)
{
	bool named = false;

	for (const char *p = word; p < end; p++)
		named = named || isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80;
	return named && memchr(word, ';', (size_t)(end - word)) == NULL && skip_number(word) != end;
}

/* Returns the '=' that ends the label without quotes that begins at text. NULL: there is none, and
 * *rest is where parsing continues. Words without '=' belong to the label, as in Icinga. In the
 * last word the last '=' counts. */
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

/* Copies the label from text up to end, with doubled quotes replaced by one and without blanks at
 * its end. Returns false if it is empty or too long. */
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

/* Parses the label at *text and moves *text past its '='. Returns false if there is none; *text is
 * then moved past the text that cannot be parsed. */
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

/* Terminates the value at *text, removes a comma from its end, and moves *text past it. A blank may
 * precede the value. */
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
		/* If a label occurs twice, the last item is kept. */
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
