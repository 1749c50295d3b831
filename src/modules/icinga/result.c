/* result: see result.h. */
#include "result.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

#define ITEM_MAX 8192

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* --- performance data ------------------------------------------------------------------------- */

/* Returns the bytes that the text takes as an element of a JSON array. */
static size_t json_size(const char *text)
{
	size_t size = sizeof("\"\",") - 1;

	for (; *text != '\0'; text++)
		size += *text == '"' || *text == '\\' ? 2 : (unsigned char)*text < ' ' ? 6 : 1;
	return size;
}

/* Returns the performance data as an array.  A value of null was not determined and is left out.
 * The values of a daemon that failed or does not report are all left out, because they are not
 * current. */
static json_t *perfdata_of(const json_t *data, struct result_left_out *left_out)
{
	json_t *list = json_array(), *entry;
	char item[ITEM_MAX];
	const char *label;
	size_t size = 0;

	*left_out = (struct result_left_out){0};
	if (json_is_true(json_object_get(data, "stale")))
		return list;
	json_object_foreach(json_object_get(data, "perfdata"), label, entry) {
		if (json_is_null(json_object_get(entry, "value")))
			continue;
		if (vigil_perfdata(item, sizeof(item), label, entry) == 0)
			left_out->unfit++;
		else if (size + json_size(item) > RESULT_PERFDATA_MAX)
			left_out->over++;
		else if (json_array_append_new(list, json_string(item)) == 0)
			size += json_size(item);
	}
	return list;
}

/* --- the text --------------------------------------------------------------------------------- */

static const char *const levels[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

int result_level(const json_t *health)
{
	const char *word = text_of(health, "level");
	int level = 0;

	while (level < 3 && strcmp(word, levels[level]) != 0)
		level++;
	return level;
}

/* Returns whether the text is the status line of a plugin.  exec stores that line as `output`, next
 * to the performance data. */
static bool is_of_plugin(const char *text, const json_t *data)
{
	return json_is_object(json_object_get(data, "perfdata")) &&
	       strcmp(text, text_of(data, "output")) == 0;
}

/* Writes the first line.  A plugin's status line is sent as the plugin printed it.  Any other text
 * is preceded by the level, unless it contains the level. */
static void put_status_line(FILE *file, const json_t *health, const json_t *data)
{
	const char *level = levels[result_level(health)], *text = text_of(health, "text");

	if (!is_of_plugin(text, data) && !vigil_names_level(text, level))
		fprintf(file, "%s - ", level);
	fputs(text, file);
}

/* Returns the text, which the caller frees; NULL: out of memory. */
static char *make_text(
	const json_t *health, const json_t *data, const struct result_left_out *left_out)
{
	const char *long_text = text_of(health, "long_text");
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (file == NULL)
		return NULL;
	put_status_line(file, health, data);
	if (long_text[0] != '\0')
		fprintf(file, "\n%s", long_text);
	if (left_out->over > 0)
		fprintf(file, "\n%u performance values were left out: they exceed %u KiB",
			left_out->over, RESULT_PERFDATA_MAX / 1024);
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}

/* --- names ------------------------------------------------------------------------------------ */

char *result_service(const struct result_names *names, const char *daemon)
{
	static const char place[] = "{daemon}";
	const char *template = names->service, *at = strstr(template, place);
	int before = at != NULL ? (int)(at - template) : (int)strlen(template);
	char *text;

	if (asprintf(&text, "%s!%.*s%s%s", names->host, before, template, at != NULL ? daemon : "",
		    at != NULL ? at + strlen(place) : "") < 0)
		return NULL;
	return text;
}

json_t *result_make(const struct result_names *names, const char *daemon, const json_t *health,
	const json_t *data, double now, struct result_left_out *left_out)
{
	json_t *result = NULL, *perfdata;
	char *service, *text;

	if (!json_is_object(health))
		return NULL;
	perfdata = perfdata_of(data, left_out);
	service = result_service(names, daemon);
	text = make_text(health, data, left_out);
	if (service != NULL && text != NULL)
		result = json_pack("{s:s,s:s,s:i,s:s,s:O,s:s,s:f,s:f,s:f}", "type", "Service",
			"service", service, "exit_status", result_level(health), "plugin_output",
			text, "performance_data", perfdata, "check_source", names->host,
			"execution_start", now, "execution_end", now, "ttl", names->ttl);
	json_decref(perfdata);
	free(service);
	free(text);
	return result;
}
