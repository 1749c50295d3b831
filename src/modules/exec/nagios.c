/*
 * nagios: what a plugin prints, taken apart by the Nagios plugin guidelines.
 *
 * Performance data is 'label'=value[unit];[warn];[crit];[min];[max], items parted by white space.
 * A label stands in single quotes where it holds white space, and a quote within is doubled.
 * Items that are not of that form are counted and passed over: what can be read is kept, since
 * plugins are many and their authors too.  The value U means that it could not be determined,
 * and is kept as null.  A threshold that is a plain number is kept as a number, any other range
 * (10:20, ~:5, @1:2) as the text it is.
 */
#include "nagios.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

#define LABEL_MAX 256
#define FIELD_MAX 64
/* What one byte of a stranger's text takes at most when it is made clean: "\x00". */
#define CLEAN(n) (4 * (n) + 16)

/* --- performance data -------------------------------------------------------------------------- */

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

/* warn, crit, min and max: the fields after the first ';'.  One that is empty says nothing. */
static bool read_limits(json_t *item, char *rest)
{
	static const struct {
		const char *key;
		bool range;
	} fields[] = {{"warn", true}, {"crit", true}, {"min", false}, {"max", false}};
	json_t *value;
	const char *end;

	for (size_t i = 0; i < 4 && rest != NULL; i++) {
		char *text = rest;

		rest = cut_field(text);
		if (*text == '\0')
			continue;
		end = skip_number(text);
		value = end > text && *end == '\0' ? number(text, end) : NULL;
		if (value == NULL && fields[i].range && is_range(text))
			value = json_string(text);
		if (value == NULL || json_object_set_new(item, fields[i].key, value) != 0)
			return false;
	}
	return rest == NULL || *rest == '\0';
}

/* A unit is short and without digits, quotes and semicolons, as the guidelines have it. */
static bool is_unit(const char *text)
{
	return strlen(text) <= 16 && strpbrk(text, "0123456789;'\"") == NULL;
}

/* value[unit];... as an object; NULL: it is none. */
static json_t *read_item(char *text)
{
	char *rest = cut_field(text), unit[FIELD_MAX];
	const char *end = skip_number(text);
	json_t *value = NULL, *item = NULL;

	if (strcmp(text, "U") == 0) {
		value = json_null();
		end = "";
	} else if (end > text && is_unit(end)) {
		value = number(text, end);
	}
	if (value != NULL)
		item = json_pack(
			"{s:o,s:s}", "value", value, "unit", vigil_clean(unit, sizeof(unit), end));
	if (item != NULL && read_limits(item, rest))
		return item;
	json_decref(item);
	return NULL;
}

/* Takes the label at *text off, with its '='.  False: there is none; what stands there up to
 * white space is passed over. */
static bool read_label(char **text, char label[LABEL_MAX])
{
	char *p = *text, *end;
	char raw[LABEL_MAX];
	size_t n = 0;
	bool quoted = *p == '\'', closed = !quoted;

	if (quoted)
		p++;
	for (; *p != '\0'; p++) {
		if (quoted && *p == '\'' && p[1] == '\'')
			p++; /* two of them are one */
		else if (quoted ? *p == '\'' : *p == '=' || isspace((unsigned char)*p))
			break;
		if (n < sizeof(raw) - 1)
			raw[n++] = *p;
	}
	if (quoted && *p == '\'') {
		closed = true;
		p++;
	}
	raw[n] = '\0';
	if (!closed || n == 0 || *p != '=') {
		/* Where the quote is never closed, the rest of the line may be other items. */
		end = closed ? p : *text + 1;
		*text = end + strcspn(end, " \t\r\n");
		return false;
	}
	vigil_clean(label, LABEL_MAX, raw);
	*text = p + 1;
	return true;
}

static void read_perfdata(struct nagios *parsed, char *text)
{
	char label[LABEL_MAX], *end;
	json_t *item;

	for (;;) {
		text += strspn(text, " \t\r\n");
		if (*text == '\0')
			return;
		item = NULL;
		if (read_label(&text, label)) {
			end = text + strcspn(text, " \t\r\n");
			if (*end != '\0')
				*end++ = '\0';
			if (json_object_size(parsed->perfdata) < NAGIOS_VALUES_MAX)
				item = read_item(text);
			text = end;
		}
		if (item == NULL || json_object_set_new(parsed->perfdata, label, item) != 0)
			parsed->refused++;
	}
}

/* --- texts ------------------------------------------------------------------------------------------ */

/* Cuts the line at text off, without white space at its end; the next one, or NULL. */
static char *cut_line(char *text)
{
	char *end = strchr(text, '\n'), *next = end != NULL ? end + 1 : NULL;

	if (end == NULL)
		end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return next;
}

/* The long text as it grows: lines made clean, the ends of lines between them kept. */
struct lines {
	char *text;
	size_t size, length;
	size_t blank; /* empty lines that count only when another one follows */
};

static void append_line(struct lines *all, const char *line)
{
	if (*line == '\0') {
		all->blank += all->length > 0;
		return;
	}
	for (all->blank += all->length > 0; all->blank > 0; all->blank--)
		all->text[all->length++] = '\n';
	vigil_clean(all->text + all->length, all->size - all->length, line);
	all->length += strlen(all->text + all->length);
}

/* Cuts off what follows the first '|', where that has a meaning; NULL: nothing. */
static char *cut_perfdata(char *line, bool has_perfdata)
{
	char *bar = has_perfdata ? strchr(line, '|') : NULL;

	if (bar == NULL)
		return NULL;
	*bar = '\0';
	return bar + 1;
}

static void take_apart(struct nagios *parsed, char *text, size_t size, bool has_perfdata)
{
	struct lines all = {.text = parsed->long_output, .size = size};
	char *line = text, *next, *data;
	bool bar = false;

	next = cut_line(line);
	data = cut_perfdata(line, has_perfdata);
	cut_line(line); /* the blanks before the bar */
	vigil_clean(parsed->output, size, line);
	if (data != NULL)
		read_perfdata(parsed, data);
	while ((line = next) != NULL && !bar) {
		/* From the first bar in the long text on, all is performance data. */
		next = cut_line(line);
		data = cut_perfdata(line, has_perfdata);
		bar = data != NULL;
		cut_line(line);
		append_line(&all, line);
		if (bar)
			read_perfdata(parsed, data);
	}
	if (line != NULL)
		read_perfdata(parsed, line);
}

static int parse(const char *text, size_t length, bool has_perfdata, struct nagios *parsed)
{
	size_t size = CLEAN(length);
	char *copy = malloc(length + 1);

	*parsed = (struct nagios){.output = calloc(1, size),
		.long_output = calloc(1, size),
		.perfdata = json_object()};
	if (copy == NULL || parsed->output == NULL || parsed->long_output == NULL ||
		parsed->perfdata == NULL) {
		free(copy);
		nagios_clear(parsed);
		return -ENOMEM;
	}
	for (size_t i = 0; i < length; i++)
		copy[i] = text[i] != '\0' ? text[i] : ' ';
	copy[length] = '\0';
	/* Blank lines before the first are no output. */
	take_apart(parsed, copy + strspn(copy, " \t\r\n"), size, has_perfdata);
	free(copy);
	return 0;
}

int nagios_parse(const char *text, size_t length, struct nagios *parsed)
{
	return parse(text, length, true, parsed);
}

int nagios_parse_text(const char *text, size_t length, struct nagios *parsed)
{
	return parse(text, length, false, parsed);
}

void nagios_clear(struct nagios *parsed)
{
	free(parsed->output);
	free(parsed->long_output);
	json_decref(parsed->perfdata);
	*parsed = (struct nagios){0};
}
