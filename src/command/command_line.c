/*
 * command_line: converts the words of a command line to the parameters of a verb.
 *
 * vigilctl and the pipe use words, the socket uses JSON.  The table of verbs defines the
 * conversion, so neither needs code for the parameters of a single verb.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "command/command.h"

const char *command_option_name(const struct command_param *param, char name[COMMAND_OPTION_NAME])
{
	snprintf(name, COMMAND_OPTION_NAME, "--%s", param->name);
	for (char *p = name; *p != '\0'; p++)
		if (*p == '_')
			*p = '-';
	return name;
}

const struct command_param *command_option(const struct command *command, const char *word)
{
	char name[COMMAND_OPTION_NAME];

	for (unsigned i = 0; i < COMMAND_PARAMS_MAX && command->params[i].name != NULL; i++)
		if (command->params[i].option &&
			strcmp(command_option_name(&command->params[i], name), word) == 0)
			return &command->params[i];
	return NULL;
}

/* Finds the option of a word "--name", "--name=VALUE", "-n" or "-nVALUE".  NULL: the verb has no
 * such option.  *value: the value in the same word, or NULL. */
static const struct command_param *option_of(
	const struct command *command, const char *word, const char **value)
{
	const char *end = strchr(word, '=');
	char name[COMMAND_OPTION_NAME];

	*value = NULL;
	if (word[1] != '-') {
		*value = word[2] != '\0' ? word + 2 : NULL;
		for (unsigned i = 0; i < COMMAND_PARAMS_MAX && command->params[i].name; i++)
			if (command->params[i].option && command->params[i].name[0] == word[1])
				return &command->params[i];
		return NULL;
	}
	snprintf(name, sizeof(name), "%.*s",
		end != NULL ? (int)(end - word) : COMMAND_OPTION_NAME - 1, word);
	*value = end != NULL ? end + 1 : NULL;
	return command_option(command, name);
}

/* "-5" and "-" are operands, not options. */
static bool is_option(const char *word)
{
	return strncmp(word, "--", 2) == 0 || (word[0] == '-' && isalpha((unsigned char)word[1]));
}

/* Whether the word, an option of length n, is one of vigilctl itself. */
static bool is_global(const char *word, size_t n)
{
	static const char *const options[] = {
		"-s", "--socket", "-c", "--config", "-o", "--output", "-q", "--quiet"};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (strlen(options[i]) == n && strncmp(options[i], word, n) == 0)
			return true;
	return false;
}

/* Returns the option whose name is similar to a misspelled "--name", or NULL. */
static const struct command_param *similar_option(
	const struct command *command, const char *word, size_t n)
{
	char name[COMMAND_OPTION_NAME];
	struct text_suggest suggest;

	if (n <= 2 || word[1] != '-')
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)n - 2, word + 2);
	for (char *p = name; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
	text_suggest_init(&suggest, name);
	for (unsigned i = 0; i < COMMAND_PARAMS_MAX && command->params[i].name != NULL; i++)
		if (command->params[i].option)
			text_suggest_add(&suggest, command->params[i].name);
	return text_suggest_get(&suggest) != NULL
		       ? command_param(command, text_suggest_get(&suggest))
		       : NULL;
}

static void diagnose_option(const struct command *command, const char *word, char *why, size_t size)
{
	size_t n = strcspn(word, "=");
	const struct command_param *similar = similar_option(command, word, n);
	char name[COMMAND_OPTION_NAME];

	if (is_global(word, n))
		snprintf(why, size, "%s: unknown option \"%.*s\"; write it before the verb",
			command->verb, (int)n, word);
	else if (similar != NULL)
		snprintf(why, size, "%s: unknown option \"%.*s\"; did you mean \"%s\"?",
			command->verb, (int)n, word, command_option_name(similar, name));
	else
		snprintf(why, size, "%s: unknown option \"%.*s\"", command->verb, (int)n, word);
}

/* Parses an option and, unless it is a switch, its value.  0 or -EINVAL. */
static int take_option(
	const struct command *command, char *const **words, json_t *params, char *why, size_t size)
{
	const char *word = *(*words)++, *value;
	const struct command_param *p = option_of(command, word, &value);
	char name[COMMAND_OPTION_NAME];

	if (p == NULL) {
		diagnose_option(command, word, why, size);
		return -EINVAL;
	}
	if (p->type == JSON_TRUE && value != NULL) {
		snprintf(why, size, "%s does not take a value: \"%.64s\"",
			command_option_name(p, name), word);
		return -EINVAL;
	}
	if (p->type == JSON_TRUE)
		return json_object_set_new(params, p->name, json_true());
	if (value == NULL && **words != NULL)
		value = *(*words)++;
	if (value == NULL || json_object_set_new(params, p->name, json_string(value)) < 0) {
		snprintf(why, size, "%s requires a value", command_option_name(p, name));
		return -EINVAL;
	}
	return 0;
}

/* The parameter for the next operand: the first one that has no value yet, or an array. */
static const struct command_param *next_param(const struct command *command, json_t *params)
{
	for (unsigned i = 0; i < COMMAND_PARAMS_MAX && command->params[i].name != NULL; i++)
		if (!command->params[i].option &&
			(command->params[i].type == JSON_ARRAY ||
				json_object_get(params, command->params[i].name) == NULL))
			return &command->params[i];
	return NULL;
}

static int take_operand(
	const struct command *command, const char *word, json_t *params, char *why, size_t size)
{
	const struct command_param *p = next_param(command, params);

	if (p == NULL) {
		snprintf(why, size, "too many arguments: \"%.64s\"", word);
		return -EINVAL;
	}
	if (p->type != JSON_ARRAY)
		return json_object_set_new(params, p->name, json_string(word));
	if (json_object_get(params, p->name) == NULL)
		json_object_set_new(params, p->name, json_array());
	return json_array_append_new(json_object_get(params, p->name), json_string(word));
}

/* JSON allows only UTF-8.  Dropping an invalid word would change the meaning of the command. */
static bool are_utf8(char *const *words)
{
	json_t *text;

	for (; *words != NULL; words++) {
		text = json_string(*words);
		if (text == NULL)
			return false;
		json_decref(text);
	}
	return true;
}

/* Options and operands may be in any order.  After "--" all words are operands. */
static int take_words(
	const struct command *command, char *const *words, json_t *params, char *why, size_t size)
{
	bool only_operands = false;
	int err = 0;

	while (err == 0 && *words != NULL) {
		if (!only_operands && strcmp(*words, "--") == 0) {
			only_operands = true;
			words++;
		} else if (!only_operands && is_option(*words)) {
			err = take_option(command, &words, params, why, size);
		} else {
			err = take_operand(command, *words++, params, why, size);
		}
	}
	return err;
}

json_t *command_params(const struct command *command, char *const *words, char *why, size_t size)
{
	json_t *params = json_object();
	const struct command_param *p;
	int err;

	if (are_utf8(words)) {
		err = take_words(command, words, params, why, size);
	} else {
		snprintf(why, size, "an argument is not UTF-8");
		err = -EINVAL;
	}
	p = next_param(command, params);
	if (err == 0 && p != NULL && p->required) {
		snprintf(why, size, "%s requires %s", command->verb, command->usage);
		err = -EINVAL;
	}
	if (err == 0)
		return params;
	json_decref(params);
	return NULL;
}
