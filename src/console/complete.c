/*
 * complete: see complete.h.  The table of verbs defines the type of each word: a verb, an option, a
 * daemon, a log level or a JSON pointer.  Daemons and pointers are requested from vigild like by
 * any other client, so a user sees only what the user may read.
 *
 * A word may have backslashes.  A line with quotes is not completed.  Names with characters that a
 * terminal would interpret are not offered.
 */
#include "console/complete.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "command/command.h"
#include "state/json_pointer.h"

#define BLANKS     " \t"
#define WORDS_MAX  32
#define CLEAN_SIZE 1024

struct candidate {
	char *text;
	bool open; /* the value has members */
};

struct search {
	char *word; /* word to complete, without its backslashes */
	size_t length;
	struct candidate *list;
	size_t count;
	complete_ask_fn *ask;
	void *arg;
};

/* --- candidates ------------------------------------------------------------------------------- */

static bool is_clean(const char *text)
{
	char clean[CLEAN_SIZE];

	text_escape(clean, sizeof(clean), text, strlen(text));
	return strcmp(clean, text) == 0;
}

static void offer(struct search *s, const char *text, bool open)
{
	if (strncmp(text, s->word, s->length) != 0 || !is_clean(text))
		return;
	s->list = memory_grow(s->list, s->count + 1, sizeof(*s->list));
	s->list[s->count++] = (struct candidate){.text = memory_text(text), .open = open};
}

static void offer_verbs(struct search *s)
{
	for (const struct command *c = commands; c->verb != NULL; c++)
		offer(s, c->verb, false);
	offer(s, "quit", false);
	offer(s, "exit", false);
}

static void offer_levels(struct search *s)
{
	for (enum log_level level = LEVEL_ERROR; level <= LEVEL_DEBUG; level++)
		offer(s, log_level_name(level), false);
}

static void offer_daemons(struct search *s)
{
	json_t *rows = s->ask("list", json_object(), s->arg), *row;
	const char *name;
	size_t index;

	json_array_foreach(rows, index, row) {
		name = json_string_value(json_object_get(row, "name"));
		if (name != NULL)
			offer(s, name, false);
	}
	json_decref(rows);
}

static bool has_below(json_t *value)
{
	return json_object_size(value) > 0 || json_array_size(value) > 0;
}

/* Offers the pointer of a member.  vigild accepts no longer pointer than this buffer. */
static void offer_step(struct search *s, const char *parent, const char *name, json_t *value)
{
	char pointer[POINTER_MAX];

	snprintf(pointer, sizeof(pointer), "%s", parent);
	if (json_pointer_append(pointer, sizeof(pointer), name) == 0)
		offer(s, pointer, has_below(value));
}

static void offer_steps(struct search *s, const char *parent, json_t *whole)
{
	const char *key;
	char number[24];
	size_t index;
	json_t *value;

	json_object_foreach(whole, key, value)
		offer_step(s, parent, key, value);
	json_array_foreach(whole, index, value) {
		snprintf(number, sizeof(number), "%zu", index);
		offer_step(s, parent, number, value);
	}
}

static void offer_pointers(struct search *s)
{
	char *parent = memory_text(s->word), *slash = strrchr(parent, '/');
	json_t *whole;

	if (slash != NULL)
		*slash = '\0';
	else
		parent[0] = '\0';
	whole = s->ask("get", json_pack("{s:s}", "pointer", parent), s->arg);
	offer_steps(s, parent, whole);
	json_decref(whole);
	free(parent);
}

static void offer_options(struct search *s, const struct command *command)
{
	char name[COMMAND_OPTION_NAME];

	for (unsigned i = 0; i < COMMAND_PARAMS_MAX && command->params[i].name != NULL; i++)
		if (command->params[i].option)
			offer(s, command_option_name(&command->params[i], name), false);
}

/* --- type of the word ------------------------------------------------------------------------- */

static const struct {
	const char *param;
	void (*offer)(struct search *s);
} kinds[] = {
	{"pointer", offer_pointers},
	{"name", offer_daemons},
	{"names", offer_daemons},
	{"level", offer_levels},
	{"verb", offer_verbs},
};

/* The positional parameter for the word after these words.  NULL: there is none, or the word is the
 * value of an option. */
static const struct command_param *next_param(const struct command *command, char *const *words)
{
	const struct command_param *p = command->params, *end = p + COMMAND_PARAMS_MAX, *option;

	for (; p < end && p->name != NULL && p->option; p++)
		;
	for (; *words != NULL && p < end; words++) {
		if (strncmp(*words, "--", 2) == 0) {
			option = command_option(command, *words);
			if (option != NULL && option->type != JSON_TRUE && *++words == NULL)
				return NULL;
		} else if (words[0][0] != '-' && p->type != JSON_ARRAY) {
			for (p++; p < end && p->name != NULL && p->option; p++)
				;
		}
	}
	return p < end && p->name != NULL ? p : NULL;
}

static void search(struct search *s, char *const *words)
{
	const struct command *command = words[0] != NULL ? command_find(words[0]) : NULL;
	const struct command_param *param;

	if (words[0] == NULL) {
		offer_verbs(s);
		return;
	}
	/* register takes the name of a new daemon, which cannot be completed. */
	if (command == NULL || strcmp(command->verb, "register") == 0)
		return;
	param = next_param(command, words + 1);
	if (strncmp(s->word, "--", 2) == 0)
		offer_options(s, command);
	else
		for (size_t i = 0; param != NULL && i < sizeof(kinds) / sizeof(*kinds); i++)
			if (strcmp(kinds[i].param, param->name) == 0)
				kinds[i].offer(s);
}

/* --- result ----------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct candidate *)a)->text, ((const struct candidate *)b)->text);
}

/* The length of the common prefix of all candidates, in whole characters. */
static size_t common_length(const struct search *s)
{
	const char *first = s->list[0].text, *last = s->list[s->count - 1].text;
	size_t n = 0;

	while (first[n] != '\0' && first[n] == last[n])
		n++;
	while (n > s->length && (first[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static char *quote(const char *text, size_t length, const char *end)
{
	char *quoted = memory_zero(2 * length + strlen(end) + 1), *to = quoted;

	for (size_t i = 0; i < length; i++) {
		if (strchr(" \t\"'\\#", text[i]) != NULL)
			*to++ = '\\';
		*to++ = text[i];
	}
	strcpy(to, end);
	return quoted;
}

static void conclude(struct search *s, struct completions *found)
{
	const struct candidate *only;
	size_t length;
	const char *end = "";

	if (s->count == 0)
		return;
	qsort(s->list, s->count, sizeof(*s->list), by_text);
	only = &s->list[0];
	length = common_length(s);
	/* A single candidate without members is followed by a space.  If it has members, a slash
	 * follows once it has been typed completely. */
	if (s->count == 1)
		end = !only->open ? " " : length == s->length ? "/" : "";
	if (length > s->length || end[0] != '\0') {
		found->insert = quote(only->text + s->length, length - s->length, end);
	} else if (s->count > 1) {
		found->list = memory_zero(s->count * sizeof(*found->list));
		found->count = s->count;
		for (size_t i = 0; i < s->count; i++)
			found->list[i] = memory_text(s->list[i].text);
	}
}

/* Splits the line into words, ended by NULL.  Returns the word to complete, which may be empty. */
static char *cut(char *line, char *words[WORDS_MAX + 1])
{
	size_t n = 0;
	char *to, *word = line;

	for (;;) {
		line += strspn(line, BLANKS);
		word = to = line;
		for (; *line != '\0' && strchr(BLANKS, *line) == NULL; *to++ = *line++)
			if (*line == '\\' && line[1] != '\0')
				line++;
		if (*line == '\0' || n == WORDS_MAX)
			break;
		*to = '\0';
		line++;
		words[n++] = word;
	}
	*to = '\0';
	words[n] = NULL;
	return word;
}

void complete(const char *before, complete_ask_fn *ask, void *arg, struct completions *found)
{
	char *line = memory_text(before), *words[WORDS_MAX + 1];
	struct search s = {.ask = ask, .arg = arg};

	*found = (struct completions){0};
	if (strpbrk(before, "\"'") == NULL) {
		s.word = cut(line, words);
		s.length = strlen(s.word);
		search(&s, words);
		conclude(&s, found);
	}
	for (size_t i = 0; i < s.count; i++)
		free(s.list[i].text);
	free(s.list);
	free(line);
}

void completions_clear(struct completions *found)
{
	for (size_t i = 0; i < found->count; i++)
		free(found->list[i]);
	free(found->list);
	free(found->insert);
	*found = (struct completions){0};
}
