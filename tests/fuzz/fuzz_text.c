/*
 * fuzz_text: short texts with a syntax of their own: names, values, pointers, command lines,
 * escapes.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/calendar.h"
#include "base/diagnostic.h"
#include "base/text.h"
#include "command/command.h"
#include "config/option.h"
#include "state/json_pointer.h"

/* Such a name is safe in an argv, a path and a message of a bus. */
static void name_holds(const char *name)
{
	FUZZ_HOLDS(name[0] != '-' && name[0] != '.' && name[0] != '\0');
	FUZZ_HOLDS(strpbrk(name, "/ \t\n\r'\"$`;&|<>*?(){}[]#~%") == NULL);
	FUZZ_HOLDS(strlen(name) <= 255 && fuzz_is_clean(name));
}

void fuzz_names(const uint8_t *data, size_t size)
{
	char *name = fuzz_text(data, size), cut[24], pointer[POINTER_MAX] = "", step[POINTER_MAX];
	struct text_suggest s;

	if (text_is_service_name(name)) {
		name_holds(name);
		FUZZ_HOLDS(strstr(name, "..") == NULL);
	}
	if (text_is_daemon_name(name)) {
		name_holds(name);
		FUZZ_HOLDS(strlen(name) <= 64);
		FUZZ_HOLDS(json_pointer_append(pointer, sizeof(pointer), name) == 0);
		FUZZ_HOLDS(json_pointer_step(pointer, step, sizeof(step)) != NULL);
		FUZZ_HOLDS(strcmp(step, name) == 0);
	}
	FUZZ_HOLDS(strlen(text_truncate(cut, sizeof(cut), name)) < sizeof(cut));
	text_suggest_init(&s, name);
	text_suggest_add(&s, "interval");
	text_suggest_add(&s, "service");
	text_suggest_get(&s);
	free(name);
}

/* Each point in time is later than the one before it. */
static void times_hold(const struct option_set *set)
{
	const struct calendar_times *times = option_get(set, "times")->times;
	time_t when = 1772323200, next; /* 2026-03-01, some weeks before a step of the clock */

	for (int i = 0; i < 5 && times != NULL && calendar_next_time(times, when, 0, &next); i++) {
		FUZZ_HOLDS(next > when);
		when = next;
	}
}

void fuzz_values(const uint8_t *data, size_t size)
{
	static const vigil_option schema[] = {
		VIGIL_OPTION("text", VIGIL_TEXT, "x", ""),
		VIGIL_OPTION("bool", VIGIL_BOOL, "no", ""),
		VIGIL_OPTION("int", VIGIL_INT, "1", ""),
		VIGIL_OPTION("number", VIGIL_NUMBER, "1", ""),
		VIGIL_OPTION("duration", VIGIL_DURATION, "1s", ""),
		VIGIL_OPTION("size", VIGIL_SIZE, "1K", ""),
		VIGIL_OPTION("list", VIGIL_LIST, "a, b", ""),
		VIGIL_OPTION("command", VIGIL_COMMAND, "a b", ""),
		VIGIL_OPTION("calendar", VIGIL_CALENDAR, "Mon", ""),
		VIGIL_OPTION("times", VIGIL_TIMES, "hourly", ""),
		VIGIL_OPTION_END,
	};
	char *text = fuzz_text(data, size);
	struct diagnostics diagnostics = {0};
	struct option_set *set;
	double seconds;

	for (const vigil_option *o = schema; o->name != NULL; o++) {
		const struct option_given given = {o->name, text, "file", 1, NULL};

		set = option_set_new(schema, &given, 1, "[x]", "file", 1, &diagnostics);
		FUZZ_HOLDS((set == NULL) == (diagnostics.errors > 0));
		for (size_t i = 0; i < diagnostics.count; i++)
			FUZZ_HOLDS(fuzz_is_clean(diagnostics.list[i].text));
		FUZZ_HOLDS(set == NULL || option_set_equal(set, set));
		if (set != NULL && o->type == VIGIL_TIMES)
			times_hold(set);
		diagnostics_clear(&diagnostics);
		option_set_unref(set);
	}
	if (text_duration(text, &seconds) == 0)
		FUZZ_HOLDS(seconds >= 0 && seconds < 1e12);
	free(text);
}

/* Words are the parameters of a verb, or there is a reason why not. */
static void params_hold(char *const *words)
{
	char why[160];
	json_t *params;

	for (const struct command *c = commands; c->verb != NULL; c++) {
		strcpy(why, "");
		params = command_params(c, words, why, sizeof(why));
		FUZZ_HOLDS(params != NULL ? json_is_object(params) : why[0] != '\0');
		json_decref(params);
	}
}

void fuzz_command_line(const uint8_t *data, size_t size)
{
	char *line = fuzz_text(data, size), **argv, **list = text_split_list(line);
	const char *why = NULL;

	FUZZ_HOLDS(list != NULL);
	for (size_t i = 0; list[i] != NULL; i++)
		FUZZ_HOLDS(list[i][0] != '\0' && strchr(list[i], ',') == NULL);
	text_free_list(list);
	if (text_split_command(line, &argv, &why) == 0) {
		FUZZ_HOLDS(argv[0] != NULL);
		params_hold(argv);
		text_free_list(argv);
	} else {
		FUZZ_HOLDS(why != NULL);
	}
	free(line);
}

/* The first half is a pointer, the second half a name to append to it. */
void fuzz_pointer(const uint8_t *data, size_t size)
{
	char *pointer = fuzz_text(data, size / 2), *name = fuzz_text(data + size / 2, size / 2);
	char made[POINTER_MAX] = "", step[POINTER_MAX];
	const char *rest = pointer;
	json_t *doc = json_pack("{s:{s:[i,i],s:{}},s:s}", "a", "b", 1, 2, "~/", "", "root");

	if (json_pointer_check(pointer) == 0) {
		while ((rest = json_pointer_step(rest, step, sizeof(step))) != NULL)
			FUZZ_HOLDS(json_pointer_append(made, sizeof(made), step) == 0);
		FUZZ_HOLDS(strcmp(made, pointer) == 0);
		FUZZ_HOLDS(
			json_pointer_covers("", pointer) && json_pointer_covers(pointer, pointer));
		json_pointer_follow(doc, pointer);
		if (json_pointer_append(made, sizeof(made), name) == 0)
			FUZZ_HOLDS(json_pointer_covers(pointer, made) &&
				   !json_pointer_covers(made, pointer));
	} else {
		json_pointer_follow(doc, pointer);
	}
	json_decref(doc);
	free(pointer);
	free(name);
}

void fuzz_escape(const uint8_t *data, size_t size)
{
	static char once[8192], twice[8192], little[17];
	const char *text = (const char *)data;

	text_escape(once, sizeof(once), text, size);
	FUZZ_HOLDS(fuzz_is_clean(once));
	text_escape(twice, sizeof(twice), once, strlen(once));
	FUZZ_HOLDS(strcmp(once, twice) == 0);
	text_escape(little, sizeof(little), text, size);
	FUZZ_HOLDS(fuzz_is_clean(little) && strlen(little) < sizeof(little));
}
