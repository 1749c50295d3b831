/*
 * command_line: the words of a command line as the parameters of a verb.
 *
 * vigilctl and the pipe speak in words, the socket in JSON; the table says how one becomes the
 * other, so no door knows any verb's arguments.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"

/* The option that a word begins, "--name" or "-n"; NULL: it is no option of the verb's.  *value:
 * what stands behind its "=", or NULL. */
static const struct command_param *option_of(
	const struct command *command, const char *word, const char **value)
{
	const char *end = strchr(word, '=');
	char name[32];

	*value = NULL;
	if (word[1] != '-') {
		for (unsigned i = 0; i < COMMAND_PARAMS_MAX && command->params[i].name; i++)
			if (command->params[i].option && command->params[i].name[0] == word[1])
				return &command->params[i];
		return NULL;
	}
	word += 2;
	snprintf(name, sizeof(name), "%.*s", end != NULL ? (int)(end - word) : 31, word);
	*value = end != NULL ? end + 1 : NULL;
	return command_param(command, name);
}

/* "-5" and "-" are words like any other. */
static bool is_option(const char *word)
{
	return strncmp(word, "--", 2) == 0 ||
	       (word[0] == '-' && isalpha((unsigned char)word[1]) && word[2] == '\0');
}

/* Takes an option and, unless it is a truth, the word after it; 0 or -EINVAL. */
static int take_option(
	const struct command *command, char *const **words, json_t *params, char *why, size_t size)
{
	const char *word = *(*words)++, *value;
	const struct command_param *p = option_of(command, word, &value);

	if (p == NULL || !p->option) {
		snprintf(why, size, "%s has no option %.*s", command->verb, (int)strcspn(word, "="),
			word);
		return -EINVAL;
	}
	if (p->type == JSON_TRUE)
		return json_object_set_new(params, p->name, json_true());
	if (value == NULL && **words != NULL)
		value = *(*words)++;
	if (value == NULL || json_object_set_new(params, p->name, json_string(value)) < 0) {
		snprintf(why, size, "--%s wants a value", p->name);
		return -EINVAL;
	}
	return 0;
}

static json_t *take_words(char *const **words)
{
	json_t *array = json_array();

	while (**words != NULL && !is_option(**words))
		json_array_append_new(array, json_string(*(*words)++));
	return array;
}

/* The first positional parameter that has no value yet. */
static const struct command_param *next_param(const struct command *command, json_t *params)
{
	for (unsigned i = 0; i < COMMAND_PARAMS_MAX && command->params[i].name != NULL; i++)
		if (!command->params[i].option &&
			json_object_get(params, command->params[i].name) == NULL)
			return &command->params[i];
	return NULL;
}

/* JSON holds nothing else, and a word that is dropped makes another command of it. */
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

json_t *command_params(const struct command *command, char *const *words, char *why, size_t size)
{
	json_t *params = json_object();
	const struct command_param *p;
	int err = 0;

	if (!are_utf8(words)) {
		snprintf(why, size, "an argument is not UTF-8");
		err = -EINVAL;
	}
	while (err == 0 && *words != NULL) {
		p = next_param(command, params);
		if (is_option(*words)) {
			err = take_option(command, &words, params, why, size);
		} else if (p == NULL) {
			snprintf(why, size, "\"%.64s\" is one argument too many", *words);
			err = -EINVAL;
		} else if (p->type == JSON_ARRAY) {
			json_object_set_new(params, p->name, take_words(&words));
		} else {
			json_object_set_new(params, p->name, json_string(*words++));
		}
	}
	p = next_param(command, params);
	if (err == 0 && p != NULL && p->required) {
		snprintf(why, size, "%s wants %s", command->verb, command->usage);
		err = -EINVAL;
	}
	if (err == 0)
		return params;
	json_decref(params);
	return NULL;
}
