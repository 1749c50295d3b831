/* result: what a daemon has to say, as a check result for Icinga 2; see result.h. */
#include "result.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

#define TEXT_MAX   1024
#define ITEM_MAX   8192
#define LABELS_MAX 256

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* --- performance data ------------------------------------------------------------------------------ */

/* A value of null could not be determined: it is nothing to hand on. */
static json_t *perfdata_of(const json_t *data, unsigned *left_out)
{
	json_t *list = json_array(), *entry;
	char item[ITEM_MAX];
	const char *label;

	json_object_foreach(json_object_get(data, "perfdata"), label, entry)
	{
		if (json_array_size(list) < LABELS_MAX &&
			vigil_perfdata(item, sizeof(item), label, entry) > 0)
			json_array_append_new(list, json_string(item));
		else if (!json_is_null(json_object_get(entry, "value")))
			++*left_out;
	}
	return list;
}

/* --- the verdict ------------------------------------------------------------------------------------ */

static int code_of(const char *level)
{
	static const char *const levels[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	int code = 0;

	while (code < 3 && strcmp(level, levels[code]) != 0)
		code++;
	return code;
}

/* The exit status a plugin would have, and its words; -1: there is nothing to say yet. */
static int judge(const json_t *account, char text[TEXT_MAX])
{
	const json_t *health = json_object_get(account, "health");

	if (!json_is_object(health))
		return -1;
	snprintf(text, TEXT_MAX, "%s - %s", text_of(health, "level"), text_of(health, "text"));
	return code_of(text_of(health, "level"));
}

/* --- names ------------------------------------------------------------------------------------------- */

/* The template with the daemon's name put in; to be freed. */
static char *fill(const char *template, const char *daemon)
{
	const char *at = strstr(template, "{daemon}");
	char *text;

	if (at == NULL)
		return strdup(template);
	if (asprintf(&text, "%.*s%s%s", (int)(at - template), template, daemon,
		    at + strlen("{daemon}")) < 0)
		return NULL;
	return text;
}

json_t *result_make(const struct result_names *names, const char *daemon, const json_t *account,
	const json_t *data, double now, unsigned *left_out)
{
	char text[TEXT_MAX], *service = fill(names->service, daemon), *object = NULL;
	int code = judge(account, text);
	json_t *result = NULL;

	*left_out = 0;
	if (code >= 0 && service != NULL && asprintf(&object, "%s!%s", names->host, service) >= 0)
		result = json_pack("{s:s,s:s,s:i,s:s,s:o,s:s,s:f,s:f,s:f}", "type", "Service",
			"service", object, "exit_status", code, "plugin_output", text,
			"performance_data", perfdata_of(data, left_out), "check_source",
			names->host, "execution_start", now, "execution_end", now, "ttl",
			names->ttl);
	free(object);
	free(service);
	return result;
}
