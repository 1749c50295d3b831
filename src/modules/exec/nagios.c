/*
 * nagios: see nagios.h.
 *
 * A bar begins performance data if at least half of the items after it can be parsed. Any other bar
 * is text, for example in a sentence or a table. If a line has several bars, the first one that
 * begins performance data counts, and further bars separate parts of the performance data, each of
 * which must be parseable. After such a bar in the long text, the following lines are performance
 * data as long as they can be parsed.
 */
#include "nagios.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

/* One byte of untrusted text becomes at most four bytes when it is sanitized: "\x00". */
#define CLEAN(n) (4 * (n) + 16)
/* Limits for bars in a line: a line with more bars is a table or malicious. */
#define BARS_TRIED 8
#define PARTS_MAX  16

/* --- bars ------------------------------------------------------------------------------------- */

/* Returns the next bar of a text that is not in a quoted label. NULL: there is none. */
static char *next_bar(char *text)
{
	bool quoted = false;

	for (char *p = text; *p != '\0'; p++) {
		if (!quoted && *p == '\'' && (p == text || p[-1] == ' '))
			quoted = true;
		else if (quoted && *p == '\'' && p[1] == '=')
			quoted = false;
		else if (!quoted && *p == '|')
			return p;
	}
	/* A quote that is not closed is an ordinary character. */
	return quoted ? strchr(text, '|') : NULL;
}

/* Returns whether at least half of the items in a text can be parsed. */
static bool is_mostly_perfdata(const char *text)
{
	char *copy = strdup(text);
	struct perfdata parsed;
	bool is = false;

	if (copy != NULL && perfdata_init(&parsed) == 0) {
		perfdata_read(&parsed, copy);
		is = json_object_size(parsed.items) > 0 &&
		     json_object_size(parsed.items) >= parsed.refused;
		perfdata_clear(&parsed);
	}
	free(copy);
	return is;
}

/* Returns whether each part of a text between its bars, except blank parts, is mostly performance
 * data. */
static bool are_parts_perfdata(const char *text)
{
	char *copy = strdup(text), *part = copy, *bar;
	unsigned parts = 0;
	bool are = false;

	while (part != NULL) {
		bar = ++parts < PARTS_MAX ? next_bar(part) : NULL;
		if (bar != NULL)
			*bar = '\0';
		if (part[strspn(part, " \t")] != '\0') {
			are = is_mostly_perfdata(part);
			if (!are)
				break;
		}
		part = bar != NULL ? bar + 1 : NULL;
	}
	free(copy);
	return are;
}

static void read_parts(struct perfdata *parsed, char *text)
{
	unsigned parts = 0;
	char *bar;

	for (; text != NULL; text = bar != NULL ? bar + 1 : NULL) {
		bar = ++parts < PARTS_MAX ? next_bar(text) : NULL;
		if (bar != NULL)
			*bar = '\0';
		perfdata_read(parsed, text);
	}
}

/* Returns whether the line is the row of a table, which begins and ends with a bar. */
static bool is_table_row(const char *line)
{
	line += strspn(line, " \t");
	return *line == '|' && line[1] != '\0' && line[strlen(line) - 1] == '|';
}

/* Returns the bar that begins the performance data of a line. NULL: there is none. */
static char *find_bar(char *line)
{
	char *bar = strchr(line, '|');

	if (bar == NULL || is_table_row(line))
		return NULL;
	if (bar[1 + strspn(bar + 1, " \t")] == '\0')
		return bar; /* the plugin prints a bar but no performance data */
	for (int tried = 0; bar != NULL && tried < BARS_TRIED; tried++) {
		if (are_parts_perfdata(bar + 1))
			return bar;
		bar = strchr(bar + 1, '|');
	}
	return NULL;
}

/* --- texts ------------------------------------------------------------------------------------ */

/* Terminates the line at text and removes white space from its end. Returns the next line or
 * NULL. */
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

/* The long text that is assembled: sanitized lines with newlines between them. */
struct lines {
	char *text;
	size_t size, length;
	size_t blank; /* empty lines that are added only if another line follows */
};

static void append_line(struct lines *all, const char *line)
{
	if (*line == '\0') {
		all->blank += all->length > 0;
		return;
	}
	for (all->blank += all->length > 0; all->blank > 0; all->blank--)
		all->text[all->length++] = '\n';
	vigil_sanitize_lines(all->text + all->length, all->size - all->length, line);
	all->length += strlen(all->text + all->length);
}

/* Parses the performance data of a line and removes it from the line. Returns false if the line has
 * none. */
static bool take_perfdata(struct nagios *parsed, char *line, bool has_perfdata)
{
	char *bar = has_perfdata ? find_bar(line) : NULL;

	if (bar == NULL)
		return false;
	*bar = '\0';
	read_parts(&parsed->perfdata, bar + 1);
	cut_line(line); /* removes the blanks before the bar */
	return true;
}

static void take_long_text(struct nagios *parsed, char *line, size_t size, bool has_perfdata)
{
	struct lines all = {.text = parsed->long_output, .size = size};
	bool data = false;
	char *next;

	for (; line != NULL; line = next) {
		next = cut_line(line);
		data = data && strchr(line, '|') == NULL && is_mostly_perfdata(line);
		if (data) {
			perfdata_read(&parsed->perfdata, line);
			continue;
		}
		data = take_perfdata(parsed, line, has_perfdata);
		append_line(&all, line);
	}
}

static void take_apart(struct nagios *parsed, char *text, size_t size, bool has_perfdata)
{
	char *next = cut_line(text);

	take_perfdata(parsed, text, has_perfdata);
	vigil_sanitize_lines(parsed->output, size, text);
	take_long_text(parsed, next, size, has_perfdata);
}

static int parse(const char *text, size_t length, bool has_perfdata, struct nagios *parsed)
{
	size_t size = CLEAN(length);
	char *copy = malloc(length + 1);

	*parsed = (struct nagios){.output = calloc(1, size), .long_output = calloc(1, size)};
	if (perfdata_init(&parsed->perfdata) != 0 || copy == NULL || parsed->output == NULL ||
		parsed->long_output == NULL) {
		free(copy);
		nagios_clear(parsed);
		return -ENOMEM;
	}
	for (size_t i = 0; i < length; i++)
		copy[i] = text[i] != '\0' ? text[i] : ' ';
	copy[length] = '\0';
	/* Leading blank lines are ignored. */
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
	perfdata_clear(&parsed->perfdata);
	*parsed = (struct nagios){0};
}
