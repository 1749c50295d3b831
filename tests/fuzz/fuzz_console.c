/*
 * fuzz_console: what is typed at a console, and completion with replies of a peer that may not be
 * vigild.
 *
 * The first line is a reply; the bytes after it are keys.  The keys are read as characters, and as
 * the lines of a script; each line becomes a request or a message, and is completed with that
 * reply.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "client/client.h"
#include "client/verb.h"
#include "console/complete.h"
#include "console/keys.h"
#include "console/script.h"

struct input {
	const uint8_t *data;
	size_t size, at;
};

static int on_next(void *arg)
{
	struct input *input = arg;

	return input->at < input->size ? input->data[input->at++] : -1;
}

/* Each character is valid in UTF-8, and all ASCII characters of the input are there, in their
 * order. */
static void read_keys(const uint8_t *data, size_t size)
{
	struct input input = {.data = data, .size = size};
	struct keys keys = {0};
	uint32_t c;
	size_t at = 0;

	while (keys_next(&keys, on_next, &input, &c)) {
		FUZZ_HOLDS(c != 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
		if (c >= 0x80)
			continue;
		while (at < size && (data[at] == 0 || data[at] >= 0x80))
			at++;
		FUZZ_HOLDS(at < size && data[at++] == c);
	}
	while (at < size && (data[at] == 0 || data[at] >= 0x80))
		at++;
	FUZZ_HOLDS(at == size);
}

/* Whether vigild would accept it, if the client has the rights. */
static void check_request(const struct verb *verb)
{
	const struct peer root = {.uid = 0};
	struct command_reply reply = {0};

	if (verb->command->access != ACCESS_LOCAL)
		FUZZ_HOLDS(command_admit(&root, verb->command->verb, verb->params, &reply) ==
			   verb->command);
}

static void read_line(const char *line)
{
	struct verb verb = {0};
	char **words, why[160] = "";
	const char *problem = NULL;

	if (text_split_command(line, &words, &problem) != 0) {
		FUZZ_HOLDS(problem != NULL);
		return;
	}
	if (words[0] != NULL && verb_read(&verb, words, why, sizeof(why)) == 0)
		check_request(&verb);
	else
		FUZZ_HOLDS(words[0] == NULL || why[0] != '\0');
	verb_clear(&verb);
	text_free_list(words);
}

static json_t *on_ask(const char *verb, json_t *params, void *arg)
{
	struct command_reply reply = {0};
	json_t *object = arg;

	json_decref(params);
	if (object == NULL)
		return NULL;
	client_read_reply(object, &reply);
	json_decref(reply.data);
	return reply.result;
}

static void complete_line(const char *line, json_t *object)
{
	struct completions found;

	complete(line, on_ask, object, &found);
	FUZZ_HOLDS(found.insert == NULL || fuzz_is_clean(found.insert));
	FUZZ_HOLDS(found.count == 0 || found.insert == NULL);
	for (size_t i = 0; i < found.count; i++) {
		FUZZ_HOLDS(fuzz_is_clean(found.list[i]));
		FUZZ_HOLDS(i == 0 || strcmp(found.list[i - 1], found.list[i]) <= 0);
	}
	completions_clear(&found);
}

/* Reads the script in pieces of a few bytes, as a pipe may deliver it. */
static void read_script(const uint8_t *data, size_t size, json_t *object)
{
	struct script script = {0};
	const char *why;
	char *line;
	size_t piece, left = size;

	while (!script.ended) {
		piece = left < 7 ? left : 7;
		script_feed(&script, (const char *)data + (size - left), piece);
		left -= piece;
		while ((line = script_next(&script, &why)) != NULL) {
			FUZZ_HOLDS(strchr(line, '\n') == NULL);
			if (why == NULL) {
				read_line(line);
				complete_line(line, object);
			}
			free(line);
		}
	}
	FUZZ_HOLDS(script.end == script.begin);
	script_clear(&script);
}

void fuzz_console(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t reply = end != NULL ? (size_t)(end - data) : 0;
	json_t *object = client_parse((const char *)data, reply);

	if (end != NULL)
		reply++;
	read_keys(data + reply, size - reply);
	read_script(data + reply, size - reply, object);
	json_decref(object);
}
