/*
 * verb: parses a typed verb, and prints its reply.
 *
 * The table of verbs defines all verbs.  The only verbs with code here are `get` and `status`: some
 * of their options affect only the output, so they are not sent to vigild.
 */
#include "client/verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diagnostic.h"
#include "base/memory.h"
#include "client/print.h"
#include "client/print_text.h"
#include "client/print_table.h"
#include "host/dropin.h"
#include "state/json_text.h"

/* --- reading ---------------------------------------------------------------------------------- */

void verb_unknown(const char *word, char *why, size_t size)
{
	const char *near = command_suggest(word);

	if (near != NULL)
		snprintf(why, size, "unknown verb \"%s\"; did you mean \"%s\"?", word, near);
	else
		snprintf(why, size, "unknown verb \"%s\"; see help", word);
}

/* Removes a switch from the parameters.  Returns whether it was there. */
static bool take_switch(struct verb *verb, const char *of, const char *name)
{
	return strcmp(verb->command->verb, of) == 0 && json_object_del(verb->params, name) == 0;
}

int verb_read(struct verb *verb, char *const *words, char *why, size_t size)
{
	*verb = (struct verb){.command = command_find(words[0])};
	if (verb->command == NULL) {
		verb_unknown(words[0], why, size);
		return -ENOENT;
	}
	verb->params = command_params(verb->command, words + 1, why, size);
	verb->bare = take_switch(verb, "get", "raw");
	verb->follow = take_switch(verb, "status", "watch");
	verb->registers = take_switch(verb, "services", "register");
	verb->dry_run = take_switch(verb, "services", "dry_run");
	verb->table =
		(take_switch(verb, "status", "verbose") || take_switch(verb, "services", "verbose")
				? PRINT_VERBOSE
				: 0) |
		(take_switch(verb, "status", "worst") ? PRINT_WORST_FIRST : 0);
	return verb->params != NULL ? 0 : -EINVAL;
}

void verb_clear(struct verb *verb)
{
	json_decref(verb->params);
	*verb = (struct verb){0};
}

/* --- files ------------------------------------------------------------------------------------ */

int verb_edit_files(const struct verb *verb, const char *file, struct command_reply *reply)
{
	const char *name = json_string_value(json_object_get(verb->params, "name"));
	json_t *options = json_object_get(verb->params, "options"), *option;
	char **pairs = memory_zero((json_array_size(options) + 1) * sizeof(*pairs));
	struct diagnostics diagnostics = {0};
	json_t *list;
	size_t index;
	int err;

	json_array_foreach(options, index, option)
		pairs[index] = (char *)json_string_value(option);
	if (strcmp(verb->command->verb, "register") == 0)
		err = dropin_add(file, name, pairs, &diagnostics);
	else
		err = dropin_remove(file, name, &diagnostics);
	free(pairs);
	list = json_array();
	for (size_t i = 0; i < diagnostics.count; i++)
		json_array_append_new(list, json_string(diagnostics.list[i].text));
	diagnostics_clear(&diagnostics);
	if (err == 0) {
		reply->data = json_pack("{s:o}", "notes", list);
		return 0;
	}
	reply->code = COMMAND_REFUSED;
	strcpy(reply->message, "nothing was changed");
	reply->data = json_pack("{s:o}", "complaints", list);
	return err;
}

/* --- printing --------------------------------------------------------------------------------- */

int verb_plugin_status(const json_t *result)
{
	const json_t *status = json_object_get(result, "status");
	json_int_t number = json_integer_value(status);

	return json_is_integer(status) && number >= 0 && number <= 3 ? (int)number : 3;
}

void verb_print(const struct verb *verb, bool json, json_t *result)
{
	json_t *note;
	size_t index;

	if (verb->bare && json_is_string(result))
		print_bare(json_string_value(result));
	else if (json)
		print_json(result);
	else
		print_result(verb->command->verb, result, verb->table);
	if (json)
		return;
	json_array_foreach(json_object_get(result, "notes"), index, note)
		print_line(json_string_value(note));
}

void verb_print_failure(FILE *to, const char *who, const struct command_reply *reply)
{
	json_t *diagnostic, *step;
	size_t index;

	json_array_foreach(json_object_get(reply->data, "steps"), index, step) {
		print_message(to, json_text(step, "name"));
		fputs(": ", to);
		print_message(to, json_text(step, "text"));
		fputc('\n', to);
	}
	json_array_foreach(json_object_get(reply->data, "complaints"), index, diagnostic) {
		print_message(to, json_string_value(diagnostic));
		fputc('\n', to);
	}
	fputs(who, to);
	print_message(to, reply->message);
	fputc('\n', to);
}

/* --- help ------------------------------------------------------------------------------------- */

void verb_list(FILE *to)
{
	for (const struct command *c = commands; c->verb != NULL; c++)
		fprintf(to, "  %-10s %-10s %s\n", c->verb,
			strlen(c->usage) <= 10 ? c->usage : "...", c->help);
}

void verb_help(FILE *to, const char *program, const struct command *command)
{
	fprintf(to, "usage: %s%s%s%s\n\n%s\n", program, command->verb, command->usage[0] ? " " : "",
		command->usage, command->help);
}
