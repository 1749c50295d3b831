/* print_errors: see print_errors.h. */
#include "client/print_errors.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/json_text.h"

#define LINES 10 /* that are printed of stderr */

/* Returns where the last lines of the text begin. */
static const char *last_lines(const char *text, int lines)
{
	const char *at = text + strlen(text);

	while (at > text && (at[-1] != '\n' || --lines > 0))
		at--;
	return at;
}

static void print_lines(const char *text, print_line_fn *print)
{
	char *copy = memory_text(text), *rest = copy, *line, *shown;

	while ((line = strsep(&rest, "\n")) != NULL) {
		shown = memory_format("    | %s", line);
		print(shown);
		free(shown);
	}
	free(copy);
}

static void print_stderr(const char *text, print_line_fn *print)
{
	const char *last = last_lines(text, LINES);
	char head[64];

	if (text[0] == '\0')
		return;
	snprintf(head, sizeof(head), "%-11s%s", "stderr",
		last > text ? "the last lines of its program:" : "of its program:");
	print(head);
	print_lines(last, print);
}

static void print_left_out(const json_t *left_out, print_line_fn *print)
{
	char *text;

	if (!json_is_object(left_out))
		return;
	text = memory_format("%-11s%lld of its output: %s", "left out",
		(long long)json_integer_value(json_object_get(left_out, "count")),
		json_text(left_out, "text"));
	print(text);
	free(text);
}

void print_errors(const json_t *state, print_line_fn *print)
{
	print_left_out(json_object_get(state, "left_out"), print);
	print_stderr(json_text(state, "stderr"), print);
}
