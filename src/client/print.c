/*
 * print: prints the replies of vigild for people.
 *
 * A table has one function for each verb with its own format.
 *
 * Output goes to stdout, or to the stream that print_to has set, for tests.  The stream is a static
 * variable, so that it need not be passed to every function here.
 */
#include "client/print.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "client/print_table.h"
#include "client/print_time.h"
#include "state/json_text.h"

static FILE *stream; /* NULL: stdout */

void print_to(FILE *to)
{
	stream = to;
}

static FILE *out(void)
{
	return stream != NULL ? stream : stdout;
}

/* --- text and JSON ---------------------------------------------------------------------------- */

static void print_escaped(FILE *to, const char *text, size_t length, const char *keep)
{
	size_t size = 8 * length + 8;
	char *clean = memory_zero(size);

	fputs(text_escape_keep(clean, size, text, length, keep), to);
	free(clean);
}

void print_clean(const char *text)
{
	if (text != NULL)
		print_escaped(out(), text, strlen(text), "");
}

void print_line(const char *text)
{
	print_message(out(), text);
	putc('\n', out());
}

void print_message(FILE *to, const char *text)
{
	size_t length;

	while (text != NULL && *text != '\0') {
		length = strcspn(text, "\\");
		print_escaped(to, text, length, "");
		text += length;
		if (*text == '\\')
			putc(*text++, to);
	}
}

void print_bare(const char *text)
{
	if (isatty(STDOUT_FILENO))
		print_clean(text);
	else
		fputs(text, out());
	putc('\n', out());
}

/* Prints one character of JSON text that is not ASCII, or DEL: unchanged, or as a JSON escape. */
static size_t print_json_character(const char *text, size_t left)
{
	char clean[16];
	uint32_t c = 0;
	size_t took = text_decode(text, left, &c);

	text_escape(clean, sizeof(clean), text, took);
	if (strlen(clean) == took && memcmp(clean, text, took) == 0)
		fwrite(text, 1, took, out());
	else if (took > 0)
		fprintf(out(), "\\u%04X", (unsigned)c); /* every escaped one is < U+10000 */
	return took > 0 ? took : 1;
}

/* Prints JSON text as a line.  Modifies the text. */
static void print_json_text(char *text)
{
	size_t length;

	number_shorten_json(text);
	length = strlen(text);
	for (size_t i = 0; i < length;) {
		if ((unsigned char)text[i] >= 0x7f)
			i += print_json_character(text + i, length - i);
		else
			putc(text[i++], out());
	}
	putc('\n', out());
}

static void print_dumped(json_t *value, size_t flags)
{
	char *text = json_dumps(value, flags | JSON_ENCODE_ANY);

	if (text != NULL)
		print_json_text(text);
	else
		putc('\n', out());
	free(text);
}

void print_json(json_t *value)
{
	print_dumped(value, JSON_INDENT(2) | JSON_SORT_KEYS);
}

void print_json_line(json_t *value)
{
	print_dumped(value, JSON_COMPACT);
}

static void print_names(json_t *names)
{
	size_t index;
	json_t *name;

	if (json_array_size(names) == 0)
		return;
	fputs(" (", out());
	json_array_foreach(names, index, name) {
		fputs(index > 0 ? ", " : "", out());
		print_clean(json_string_value(name));
	}
	putc(')', out());
}

/* --- explain ---------------------------------------------------------------------------------- */

static void line(const char *label, const char *text)
{
	if (text[0] == '\0')
		return;
	fprintf(out(), "%-11s", label);
	print_clean(text);
	putc('\n', out());
}

static void print_pause(json_t *run)
{
	const char *until = json_text(run, "paused_until");
	char when[PRINT_TIME], text[PRINT_TIME + 8];

	snprintf(text, sizeof(text), "until %s", print_due_time(when, until));
	line("paused", until[0] != '\0' ? text : "");
}

static void print_event(json_t *event)
{
	char when[PRINT_TIME];

	print_clean(print_local_time(when, json_text(event, "time")));
	fputs("  ", out());
	print_clean(json_text(event, "text"));
	putc('\n', out());
}

static void print_explain(json_t *result)
{
	json_t *run = json_object_get(result, "run"), *health = json_object_get(run, "health");
	json_t *service = json_object_get(json_object_get(result, "state"), "service_state");
	json_t *error = json_object_get(service, "last_error"), *event;
	char age[TEXT_AGE], when[PRINT_TIME], failure[1024] = "";
	size_t index;

	if (json_is_object(error))
		snprintf(failure, sizeof(failure), "%s (%s)", json_text(error, "text"),
			json_text(error, "kind"));
	print_clean(json_text(result, "name"));
	fputs(": module ", out());
	print_clean(json_text(run, "module"));
	fputs(", ", out());
	print_clean(json_text(run, "status"));
	fprintf(out(), " for %s\n", print_age(age, json_text(run, "since")));
	line("failed", json_text(run, "reason"));
	line("health", json_text(health, "text"));
	line("evidence", json_text(service, "evidence"));
	line("decision", json_text(service, "decision"));
	print_pause(run);
	line("next try", print_due_time(when, json_text(service, "next_retry")));
	line("last error", failure);
	json_array_foreach(json_object_get(run, "history"), index, event)
		print_event(event);
}

/* --- reload and other verbs ------------------------------------------------------------------- */

/* Prints a value of an option; "": it has none. */
static void print_value(const char *text)
{
	print_clean(text[0] != '\0' ? text : "(none)");
}

/* Prints one line for each option: "web: interval 5s -> 10s". */
static void print_options(const char *name, json_t *options)
{
	const char *option;
	json_t *change;

	json_object_foreach(options, option, change) {
		print_clean(name);
		fputs(": ", out());
		print_clean(option);
		putc(' ', out());
		print_value(json_text(change, "old"));
		fputs(" -> ", out());
		print_value(json_text(change, "new"));
		putc('\n', out());
	}
}

static void print_changes(json_t *result, bool dry_run)
{
	const char *name;
	json_t *options;

	json_object_foreach(json_object_get(result, "changes"), name, options) {
		print_options(name, options);
		if (json_object_size(options) > 0)
			continue;
		print_clean(name);
		fputs(dry_run ? ": would be started again, because it has failed\n"
			      : ": started again, because it had failed\n",
			out());
	}
	print_options("[vigil]", json_object_get(result, "vigil_changes"));
}

static void print_reload(json_t *result)
{
	static const char *const lists[] = {"started", "stopped", "changed"};
	bool dry_run = json_is_true(json_object_get(result, "dry_run"));
	const char *name;
	json_t *why, *waiting = json_object_get(result, "restart_needed");

	fputs(dry_run ? "would reload: " : "reloaded: ", out());
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		json_t *names = json_object_get(result, lists[i]);

		fprintf(out(), "%zu %s", json_array_size(names), lists[i]);
		print_names(names);
		fputs(", ", out());
	}
	fprintf(out(), "%d kept\n", (int)json_integer_value(json_object_get(result, "kept")));
	print_changes(result, dry_run);
	json_object_foreach(json_object_get(result, "failed"), name, why) {
		fputs(dry_run ? "would fail: " : "failed: ", out());
		print_clean(name);
		fputs(": ", out());
		print_clean(json_string_value(why));
		putc('\n', out());
	}
	if (json_array_size(waiting) > 0) {
		fputs("changes that take effect when vigild is restarted:", out());
		print_names(waiting);
		putc('\n', out());
	}
}

static void print_version(json_t *result)
{
	fputs("vigild ", out());
	print_clean(json_text(result, "version"));
	fprintf(out(), ", pid %d\n", (int)json_integer_value(json_object_get(result, "pid")));
}

static void print_run(json_t *result)
{
	print_clean(json_text(result, "ticked"));
	fputs(" has ticked\n", out());
}

static void print_restart(json_t *result)
{
	print_clean(json_text(result, "restarting"));
	fputs(": restarting its service\n", out());
}

static void print_paused(json_t *result)
{
	json_t *paused = json_object_get(result, "paused"), *names = paused;

	if (names == NULL)
		names = json_object_get(result, "resumed");
	fprintf(out(), "%s %zu", paused != NULL ? "paused" : "resumed", json_array_size(names));
	print_names(names);
	putc('\n', out());
}

static void print_log(json_t *result)
{
	fputs("the log level is now ", out());
	print_clean(json_text(result, "level"));
	putc('\n', out());
}

/* Keeps tabs, because plugins print them in tables. */
static void print_plugin_line(const char *text)
{
	print_escaped(out(), text, strlen(text), "\t");
}

/* Prints the output of a plugin: a line, a bar and performance data, then more lines. */
static void print_check(json_t *result)
{
	json_t *line;
	size_t index;

	print_plugin_line(json_text(result, "output"));
	if (json_text(result, "perfdata")[0] != '\0') {
		fputs(" | ", out());
		print_clean(json_text(result, "perfdata"));
	}
	putc('\n', out());
	json_array_foreach(json_object_get(result, "long_output"), index, line) {
		print_plugin_line(json_string_value(line));
		putc('\n', out());
	}
}

static const struct {
	const char *verb;
	void (*print)(json_t *result);
} printers[] = {
	{"check", print_check},
	{"explain", print_explain},
	{"reload", print_reload},
	{"register", print_reload},
	{"unregister", print_reload},
	{"version", print_version},
	{"run", print_run},
	{"restart", print_restart},
	{"pause", print_paused},
	{"resume", print_paused},
	{"log", print_log},
};

void print_result(const char *verb, json_t *result, unsigned flags)
{
	if (print_table(out(), verb, result, flags))
		return;
	for (size_t i = 0; i < sizeof(printers) / sizeof(*printers); i++) {
		if (strcmp(printers[i].verb, verb) == 0) {
			printers[i].print(result);
			return;
		}
	}
	print_json(result);
}
