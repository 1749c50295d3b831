/*
 * fuzz_reply: JSON-RPC as vigilctl reads it, from a peer that may not be vigild.
 *
 * The first byte chooses the verb; each line after it is a reply to that verb, and is printed as
 * vigilctl would print it.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "client/client.h"
#include "client/print_text.h"
#include "client/verb.h"

static const struct command *verb_of(uint8_t number)
{
	unsigned count = 0;

	while (commands[count].verb != NULL)
		count++;
	return &commands[number % count];
}

/* Whether no character in it could control a terminal. */
static bool is_safe(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\n') || text[i] == 0x7f)
			return false;
	return true;
}

static void print_reply(const struct verb *verb, json_t *object, bool json, FILE *to)
{
	struct command_reply reply = {0};

	client_read_reply(object, &reply);
	print_to(to);
	if (reply.code != 0)
		verb_print_failure(to, "vigilctl: ", &reply);
	else
		verb_print(verb, json, reply.result);
	print_to(NULL);
	json_decref(reply.result);
	json_decref(reply.data);
}

static void read_reply(const struct verb *verb, const char *line, size_t length)
{
	json_t *object = client_parse(line, length);
	char *printed = NULL;
	size_t size = 0;
	FILE *f;

	if (object == NULL)
		return;
	f = open_memstream(&printed, &size);
	FUZZ_HOLDS(f != NULL);
	print_reply(verb, object, false, f);
	print_reply(verb, object, true, f);
	fclose(f);
	FUZZ_HOLDS(verb->bare || is_safe(printed, size)); /* get -r prints what is there */
	free(printed);
	json_decref(object);
}

void fuzz_reply(const uint8_t *data, size_t size)
{
	struct verb verb = {.command = size > 0 ? verb_of(data[0]) : NULL};
	char *text = fuzz_text(data, size), *rest = text + 1, *line;

	if (size > 1) {
		verb.params = json_object();
		verb.bare = data[0] >= 0x80;
		while ((line = strsep(&rest, "\n")) != NULL)
			read_reply(&verb, line, strlen(line));
		json_decref(verb.params);
	}
	free(text);
}
