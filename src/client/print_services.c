/* print_services: see print_services.h. */
#include "client/print_services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "client/print_time.h"
#include "state/json_text.h"

/* Copies the text up to the first colon, which separates the outcome from its reason. */
static char *outcome(const char *text)
{
	return memory_format("%.*s", (int)strcspn(text, ":"), text);
}

/* "restarted by systemd in 100 ms" is too long for a line of 80 columns.  The manager can be seen
 * with -v. */
static char *restarted(const char *text)
{
	const char *by = strstr(text, " by "), *in;

	if (by == NULL)
		return outcome(text);
	in = strstr(by, " in ");
	if (in == NULL)
		in = strstr(by, " at once");
	return memory_format("%.*s%s", (int)(by - text), text, in != NULL ? in : "");
}

static enum colour colour_of(const char *crash)
{
	if (strcmp(crash, "down") == 0)
		return COLOUR_BAD;
	return strcmp(crash, "restarted") == 0 ? COLOUR_GOOD : COLOUR_NONE;
}

void print_services_crash(struct table *table, const json_t *row, const char *key)
{
	const char *crash = json_text(row, "after_crash"),
		   *text = json_text(row, "after_crash_text");
	char *cell;

	if (strcmp(crash, "restarted") == 0)
		cell = restarted(text);
	else if (strcmp(crash, "down") == 0)
		cell = outcome(text);
	else if (strcmp(crash, "on-demand") == 0)
		cell = memory_text("when needed");
	else
		cell = memory_text(strcmp(crash, "none") == 0 ? "-" : "unknown");
	table_add(table, colour_of(crash), cell);
	free(cell);
}

void print_services_crash_text(struct table *table, const json_t *row, const char *key)
{
	const char *text = json_text(row, "after_crash_text");

	table_add(table, colour_of(json_text(row, "after_crash")), text[0] != '\0' ? text : "-");
}

void print_services_boot(struct table *table, const json_t *row, const char *key)
{
	bool masked = strstr(json_text(row, "hold"), "masked") != NULL;

	table_add(table, COLOUR_NONE, masked ? "masked" : json_text(row, "boot"));
}

void print_services_watched(struct table *table, const json_t *row, const char *key)
{
	char *all = memory_text(""), *longer;
	json_t *watcher;
	size_t index;

	json_array_foreach(json_object_get(row, "watched"), index, watcher) {
		const char *why = json_text(watcher, "not_restarted");

		longer = memory_format("%s%s%s%s%s%s", all, index > 0 ? ", " : "",
			json_text(watcher, "daemon"), why[0] != '\0' ? " (" : "", why,
			why[0] != '\0' ? ")" : "");
		free(all);
		all = longer;
	}
	table_add(table, COLOUR_NONE, all[0] != '\0' ? all : "-");
	free(all);
}

const char *print_services_state(const json_t *row)
{
	const char *text = json_text(row, "text");

	return strcmp(text, "exited") == 0 ? text : json_text(row, "state");
}

char *print_services_explain(json_t *service)
{
	json_t *error = json_object_get(service, "last_error");
	int restarts = (int)json_integer_value(json_object_get(service, "restarts"));
	const char *retry = json_text(service, "next_retry");
	char when[PRINT_TIME], next[PRINT_TIME + 16] = "", failure[512] = "";

	if (retry[0] != '\0')
		snprintf(next, sizeof(next), "; next try %s", print_due_time(when, retry));
	if (json_is_object(error) &&
		json_integer_value(json_object_get(service, "restart_error")) > 0)
		snprintf(failure, sizeof(failure), "; last error: %s (%s)",
			json_text(error, "text"), json_text(error, "kind"));
	return memory_format("%s (%s): %s; %d restart%s%s%s", json_text(service, "service"),
		json_text(service, "manager"), json_text(service, "decision"), restarts,
		restarts == 1 ? "" : "s", next, failure);
}
