/*
 * api_perfdata: the performance data of vigil.h, in the format of Nagios plugins, which Icinga
 * reads.
 *
 * The values in the state may come from any plugin.  Every text that could start another item or
 * end the line is omitted, so that one malformed value does not damage the other items.
 */
#include <stdio.h>
#include <string.h>

#include <vigil/vigil.h>

#include "base/number.h"
#include "base/text.h"

#define UNIT_MAX  32
#define RANGE_MAX 160
#define CLEAN_MAX 1024 /* bytes of the longest label */

_Static_assert(VIGIL_NUMBER_TEXT == NUMBER_TEXT, "vigil.h and number.h differ");

char *vigil_number(char text[VIGIL_NUMBER_TEXT], double value)
{
	return number_format(text, value);
}

char *vigil_json_text(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (text != NULL)
		number_shorten_json(text);
	return text;
}

/* --- performance data ------------------------------------------------------------------------- */

/* A text buffer that is filled from the left.  full: something did not fit; then all of it is
 * discarded. */
struct item {
	char *text;
	size_t size, length;
	bool full;
};

static void put(struct item *item, const char *text, size_t length)
{
	if (item->full || length >= item->size - item->length) {
		item->full = true;
		return;
	}
	memcpy(item->text + item->length, text, length);
	item->length += length;
}

static void put_text(struct item *item, const char *text)
{
	put(item, text, strlen(text));
}

/* Whether a text is UTF-8 without control characters, so that escaping does not change it. */
static bool is_clean(const char *text)
{
	char clean[CLEAN_MAX];

	return strlen(text) < sizeof(clean) &&
	       strcmp(text_escape(clean, sizeof(clean), text, strlen(text)), text) == 0;
}

/* Writes the label in single quotes; a quote within the label is doubled. */
static void put_label(struct item *item, const char *label)
{
	put_text(item, "'");
	for (; *label != '\0'; label++)
		put(item, *label == '\'' ? "''" : label, 1 + (*label == '\''));
	put_text(item, "'=");
}

/* An integer is not converted to double, because it may have more digits than a double keeps. */
static void put_number(struct item *item, const json_t *value)
{
	char text[NUMBER_TEXT];

	if (json_is_integer(value))
		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		number_format(text, json_real_value(value));
	put_text(item, text);
}

/* Returns a unit or a range; "" if it is too long or contains a character that could start another
 * field. */
static const char *plain(const json_t *value, size_t size)
{
	const char *text = json_string_value(value);

	if (text == NULL || strlen(text) >= size || strpbrk(text, " ;='|") != NULL)
		return "";
	return is_clean(text) ? text : "";
}

/* Writes a number, or a range, which is a string.  Returns false if the value is neither. */
static bool put_field(struct item *item, const json_t *value, const char *before)
{
	const char *text = plain(value, RANGE_MAX);

	if (!json_is_number(value) && text[0] == '\0')
		return false;
	put_text(item, before);
	if (json_is_number(value))
		put_number(item, value);
	else
		put_text(item, text);
	return true;
}

/* Writes `exact`, a decimal number as text, if it is valid; else the number.  The text may have
 * more digits than the number. */
static void put_value(struct item *item, const json_t *value, const json_t *exact)
{
	const char *text = plain(exact, NUMBER_TEXT);

	if (text[0] != '\0' && text[strspn(text, "+-.0123456789")] == '\0')
		put_text(item, text);
	else
		put_field(item, value, "");
}

size_t vigil_perfdata(char *text, size_t size, const char *label, const json_t *entry)
{
	static const char *const fields[] = {"warn", "crit", "min", "max"};
	static const char semicolons[] = ";;;;";
	const json_t *value = json_object_get(entry, "value");
	struct item item = {.text = text, .size = size, .full = size == 0};
	size_t pending = 0; /* semicolons that are written only if a field follows them */

	if (size > 0)
		text[0] = '\0';
	if (label[0] == '\0' || strchr(label, '|') != NULL || !is_clean(label) ||
		!json_is_number(value))
		return 0;
	put_label(&item, label);
	put_value(&item, value, json_object_get(entry, "exact"));
	put_text(&item, plain(json_object_get(entry, "unit"), UNIT_MAX));
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		pending++;
		if (put_field(&item, json_object_get(entry, fields[i]),
			    semicolons + strlen(semicolons) - pending))
			pending = 0;
	}
	if (size > 0)
		text[item.full ? 0 : item.length] = '\0';
	return item.full ? 0 : item.length;
}
