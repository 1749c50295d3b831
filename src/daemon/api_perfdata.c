/*
 * api_perfdata: vigil.h's performance data, as Nagios plugins print it and Icinga takes it.
 *
 * What stands in the state may come from any plugin: whatever could begin another item, or end the
 * line, is left out, so that one odd value never spoils the others.
 */
#include <stdio.h>
#include <string.h>

#include <vigil/vigil.h>

#define LABEL_MAX 200
#define UNIT_MAX  16
#define RANGE_MAX 64

/* A unit or a range, and nothing that would begin something else. */
static const char *plain(const json_t *value, size_t size)
{
	const char *text = json_string_value(value);

	return text != NULL && strlen(text) < size && strpbrk(text, " ;='|\n") == NULL ? text : "";
}

/* A number as plugins write it; a range, which is text, as it is. */
static size_t put_field(char *item, size_t size, const json_t *value)
{
	if (json_is_number(value))
		return (size_t)snprintf(item, size, ";%.10g", json_number_value(value));
	return (size_t)snprintf(item, size, ";%s", plain(value, RANGE_MAX));
}

size_t vigil_perfdata(char *text, size_t size, const char *label, const json_t *entry)
{
	static const char *const fields[] = {"warn", "crit", "min", "max"};
	const json_t *value = json_object_get(entry, "value");
	char item[LABEL_MAX + 64 + UNIT_MAX + 4 * RANGE_MAX];
	size_t n;

	if (size > 0)
		text[0] = '\0';
	if (strlen(label) > LABEL_MAX || strpbrk(label, "'=|\n") != NULL || !json_is_number(value))
		return 0;
	n = (size_t)snprintf(item, sizeof(item), "'%s'=%.10g%s", label, json_number_value(value),
		plain(json_object_get(entry, "unit"), UNIT_MAX));
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		n += put_field(item + n, sizeof(item) - n, json_object_get(entry, fields[i]));
	while (item[n - 1] == ';')
		n--;
	if (n >= size)
		return 0;
	memcpy(text, item, n);
	text[n] = '\0';
	return n;
}
