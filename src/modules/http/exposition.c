/*
 * exposition: writes the two text formats that Prometheus reads; see exposition.h.
 *
 * OpenMetrics differs in a few points: the name of a counter's family has no _total and that of an
 * info no _info, a family can have a unit, and the text ends in `# EOF`.
 */
#include "exposition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/buffer.h>

#include <vigil/vigil.h>

#include "printable.h"

/* --- Accept ----------------------------------------------------------------------------------- */

#define WORD_MAX 64

/* One entry of an Accept header. */
struct range {
	char type[WORD_MAX], version[WORD_MAX];
	double quality;
};

static void take_word(char word[WORD_MAX], const char *from, size_t length)
{
	while (length > 0 && strchr(" \t\"", *from) != NULL) {
		from++;
		length--;
	}
	while (length > 0 && strchr(" \t\"", from[length - 1]) != NULL)
		length--;
	snprintf(word, WORD_MAX, "%.*s", (int)length, from);
}

/* Reads up to the next comma.  Returns what follows it, or NULL at the end. */
static const char *take_range(const char *at, struct range *range)
{
	size_t length = strcspn(at, ",;");
	char name[WORD_MAX], value[WORD_MAX];

	*range = (struct range){.quality = 1};
	take_word(range->type, at, length);
	at += length;
	while (*at == ';') {
		length = strcspn(++at, "=,;");
		take_word(name, at, length);
		at += length;
		value[0] = '\0';
		if (*at == '=') {
			length = strcspn(++at, ",;");
			take_word(value, at, length);
			at += length;
		}
		if (strcasecmp(name, "q") == 0)
			range->quality = strtod(value, NULL);
		else if (strcasecmp(name, "version") == 0)
			memcpy(range->version, value, sizeof(value));
	}
	return *at == ',' ? at + 1 : NULL;
}

static bool is_version(const struct range *range, const char *first, const char *second)
{
	return range->version[0] == '\0' || strcmp(range->version, first) == 0 ||
	       strcmp(range->version, second) == 0;
}

enum exposition_format exposition_negotiate(const char *accept)
{
	double text = 0, openmetrics = 0;
	struct range range;

	while (accept != NULL) {
		accept = take_range(accept, &range);
		if (strcasecmp(range.type, "application/openmetrics-text") == 0) {
			if (is_version(&range, "1.0.0", "0.0.1"))
				openmetrics = fmax(openmetrics, range.quality);
		} else if (strcasecmp(range.type, "text/plain") == 0) {
			if (is_version(&range, "0.0.4", "1.0.0"))
				text = fmax(text, range.quality);
		} else if (strcasecmp(range.type, "text/*") == 0 ||
			   strcmp(range.type, "*/*") == 0) {
			text = fmax(text, range.quality);
		}
	}
	return openmetrics > 0 && openmetrics >= text ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
}

const char *exposition_content_type(enum exposition_format format)
{
	if (format == EXPOSITION_OPENMETRICS)
		return "application/openmetrics-text; version=1.0.0; charset=utf-8";
	return "text/plain; version=0.0.4; charset=utf-8";
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Returns how many bytes of the sample's name are the name of the family. */
static int family_length(const struct exposition_family *family, enum exposition_format format)
{
	size_t length = strlen(family->name);

	if (format == EXPOSITION_TEXT)
		return (int)length;
	if (family->type == EXPOSITION_COUNTER)
		length -= strlen("_total");
	else if (family->type == EXPOSITION_INFO)
		length -= strlen("_info");
	return (int)length;
}

static const char *type_name(enum exposition_type type, enum exposition_format format)
{
	static const char *const names[] = {
		[EXPOSITION_COUNTER] = "counter",
		[EXPOSITION_GAUGE] = "gauge",
		[EXPOSITION_INFO] = "info",
	};

	if (type == EXPOSITION_INFO && format == EXPOSITION_TEXT)
		return "gauge";
	return names[type];
}

void exposition_begin(
	struct evbuffer *out, enum exposition_format format, const struct exposition_family *family)
{
	int length = family_length(family, format);

	evbuffer_add_printf(
		out, "# TYPE %.*s %s\n", length, family->name, type_name(family->type, format));
	if (family->unit != NULL && format == EXPOSITION_OPENMETRICS)
		evbuffer_add_printf(out, "# UNIT %.*s %s\n", length, family->name, family->unit);
	evbuffer_add_printf(out, "# HELP %.*s %s\n", length, family->name, family->help);
}

void exposition_escape(struct evbuffer *out, const char *text)
{
	char *made;
	const char *value = printable(text, &made);

	while (*value != '\0') {
		size_t plain = strcspn(value, "\\\"\n");

		evbuffer_add(out, value, plain);
		value += plain;
		if (*value == '\0')
			break;
		evbuffer_add_printf(out, "\\%c", *value == '\n' ? 'n' : *value);
		value++;
	}
	free(made);
}

void exposition_sample(
	struct evbuffer *out, const char *name, const struct exposition_label *labels, double value)
{
	char number[VIGIL_NUMBER_TEXT];

	evbuffer_add(out, name, strlen(name));
	for (const struct exposition_label *l = labels; l->name != NULL; l++) {
		evbuffer_add_printf(out, "%s%s=\"", l == labels ? "{" : ",", l->name);
		exposition_escape(out, l->value);
		evbuffer_add(out, "\"", 1);
	}
	evbuffer_add_printf(
		out, "%s %s\n", labels->name != NULL ? "}" : "", vigil_number(number, value));
}

void exposition_end(struct evbuffer *out, enum exposition_format format)
{
	if (format == EXPOSITION_OPENMETRICS)
		evbuffer_add_printf(out, "# EOF\n");
}
