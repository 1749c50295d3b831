/*
 * print: prints the replies of vigild for people.
 *
 * A table has one function for each verb with its own format.
 */
#include "client/print.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "client/print_explain.h"
#include "client/print_table.h"
#include "client/print_text.h"
#include "client/print_time.h"
#include "state/json_text.h"

static void print_names(json_t *names)
{
	size_t index;
	json_t *name;

	if (json_array_size(names) == 0)
		return;
	fputs(" (", print_stream());
	json_array_foreach(names, index, name) {
		fputs(index > 0 ? ", " : "", print_stream());
		print_clean(json_string_value(name));
	}
	putc(')', print_stream());
}

static const char *value_of(const json_t *change, const char *key)
{
	const char *text = json_text(change, key);

	return text[0] != '\0' ? text : "(none)";
}

/* Prints one line for each option: "web: interval 5s -> 10s". */
static void print_options(const char *name, json_t *options)
{
	const char *option;
	json_t *change;

	json_object_foreach(options, option, change)
		print_new(memory_format("%s: %s %s -> %s", name, option, value_of(change, "old"),
			value_of(change, "new")));
}

static void print_changes(json_t *result, bool dry_run)
{
	const char *name;
	json_t *options;

	json_object_foreach(json_object_get(result, "changes"), name, options) {
		print_options(name, options);
		if (json_object_size(options) == 0)
			print_new(memory_format("%s: %s", name,
				dry_run ? "would be started again, because it has failed"
					: "started again, because it had failed"));
	}
	print_options("[vigil]", json_object_get(result, "vigil_changes"));
}

static void print_reload(json_t *result)
{
	static const char *const lists[] = {"started", "stopped", "changed"};
	bool dry_run = json_is_true(json_object_get(result, "dry_run"));
	const char *name;
	json_t *failed = json_object_get(result, "failed"), *why;
	json_t *waiting = json_object_get(result, "restart_needed");

	fputs(dry_run ? "would reload: " : "reloaded: ", print_stream());
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		json_t *names = json_object_get(result, lists[i]);

		fprintf(print_stream(), "%zu %s", json_array_size(names), lists[i]);
		print_names(names);
		fputs(", ", print_stream());
	}
	fprintf(print_stream(), "%d kept\n",
		(int)json_integer_value(json_object_get(result, "kept")));
	print_changes(result, dry_run);
	json_object_foreach(failed, name, why)
		print_new(memory_format("%s: %s: %s", dry_run ? "would fail" : "failed", name,
			json_text(failed, name)));
	if (json_array_size(waiting) > 0) {
		fputs("changes that take effect when vigild is restarted:", print_stream());
		print_names(waiting);
		putc('\n', print_stream());
	}
}

static void print_version(json_t *result)
{
	print_new(memory_format("vigild %s, pid %d", json_text(result, "version"),
		(int)json_integer_value(json_object_get(result, "pid"))));
}

static void print_run(json_t *result)
{
	size_t index;
	json_t *name;

	json_array_foreach(json_object_get(result, "ticked"), index, name)
		print_new(memory_format("%s has ticked", json_string_value(name)));
}

/* Prints the steps of start, stop and restart: the outcomes, or with --dry-run only the order. */
static void print_steps(json_t *result)
{
	bool dry_run = json_is_true(json_object_get(result, "dry_run"));
	size_t index;
	json_t *row;

	json_array_foreach(json_object_get(result, "steps"), index, row) {
		if (dry_run)
			fprintf(print_stream(),
				"step %d: ", (int)json_integer_value(json_object_get(row, "step")));
		print_clean(json_text(row, "name"));
		fputs(dry_run ? "\n" : ": ", print_stream());
		if (!dry_run)
			print_line(json_text(row, "text"));
	}
}

static void print_paused(json_t *result)
{
	json_t *paused = json_object_get(result, "paused"), *names = paused;

	if (names == NULL)
		names = json_object_get(result, "resumed");
	if (paused == NULL && json_array_size(names) == 0) {
		fputs("no daemon was paused\n", print_stream());
		return;
	}
	fprintf(print_stream(), "%s %zu", paused != NULL ? "paused" : "resumed",
		json_array_size(names));
	print_names(names);
	putc('\n', print_stream());
}

static void print_log(json_t *result)
{
	print_new(memory_format("the log level is now %s", json_text(result, "level")));
}

/* Keeps tabs, because plugins print them in tables. */
static void print_plugin_line(const char *text)
{
	print_escaped(print_stream(), text, strlen(text), "\t");
}

/* Prints the output of a plugin: a line, a bar and performance data, then more lines. */
static void print_check(json_t *result)
{
	json_t *line;
	size_t index;

	print_plugin_line(json_text(result, "output"));
	if (json_text(result, "perfdata")[0] != '\0') {
		fputs(" | ", print_stream());
		print_clean(json_text(result, "perfdata"));
	}
	putc('\n', print_stream());
	json_array_foreach(json_object_get(result, "long_output"), index, line) {
		print_plugin_line(json_string_value(line));
		putc('\n', print_stream());
	}
}

/* Prints the answer of a verb of a module, or the verbs that the module has. */
static void print_call(json_t *result)
{
	json_t *verbs = json_object_get(result, "verbs"), *help;
	json_t *answer = json_object_get(result, "answer");
	const char *verb;

	if (verbs != NULL && json_object_size(verbs) == 0)
		print_new(memory_format("%s has no verbs of its own", json_text(result, "name")));
	json_object_foreach(verbs, verb, help)
		print_new(memory_format("%s %s", verb, json_string_value(help)));
	if (json_is_string(answer)) {
		print_escaped(print_stream(), json_string_value(answer), json_string_length(answer),
			"\t\n");
		putc('\n', print_stream());
	} else if (answer != NULL && !json_is_null(answer)) {
		print_json(answer);
	}
}

static const struct {
	const char *verb;
	void (*print)(json_t *result);
} printers[] = {
	{"call", print_call},
	{"check", print_check},
	{"explain", print_explain},
	{"reload", print_reload},
	{"register", print_reload},
	{"unregister", print_reload},
	{"version", print_version},
	{"run", print_run},
	{"start", print_steps},
	{"stop", print_steps},
	{"restart", print_steps},
	{"pause", print_paused},
	{"resume", print_paused},
	{"log", print_log},
};

void print_result(const char *verb, json_t *result, unsigned flags)
{
	if (print_table(print_stream(), verb, result, flags))
		return;
	for (size_t i = 0; i < sizeof(printers) / sizeof(*printers); i++) {
		if (strcmp(printers[i].verb, verb) == 0) {
			printers[i].print(result);
			return;
		}
	}
	print_json(result);
}
