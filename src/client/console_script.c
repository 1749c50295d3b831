/*
 * console_script: the lines of a script, as it is read piece by piece.
 *
 * A line is as long at most as the socket takes.  One that is longer is no script's, and what
 * follows would be taken for verbs in the middle of something else: it is the end.
 */
#include "client/console_script.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define LINE_LENGTH_MAX (64 * 1024)

struct console_script {
	char *bytes;
	size_t begin, end, size; /* what has not been taken */
	bool whole;              /* nothing will be added */
};

void console_script_feed(struct console_script *script, const char *bytes, size_t length)
{
	size_t left = script->end - script->begin;

	if (script->end + length > script->size) {
		if (left > 0)
			memmove(script->bytes, script->bytes + script->begin, left);
		script->size = 2 * left + length;
		script->bytes = memory_grow(script->bytes, script->size, 1);
		script->begin = 0;
		script->end = left;
	}
	memcpy(script->bytes + script->end, bytes, length);
	script->end += length;
}

void console_script_end(struct console_script *script)
{
	script->whole = true;
}

bool console_script_ended(const struct console_script *script)
{
	return script->whole;
}

void console_script_drop(struct console_script *script)
{
	script->begin = script->end = 0;
}

size_t console_script_waiting(const struct console_script *script)
{
	return script->end - script->begin;
}

char *console_script_next(struct console_script *script, const char **why)
{
	size_t left = console_script_waiting(script), length;
	const char *from, *end;
	char *line;

	*why = NULL;
	if (left == 0)
		return NULL;
	from = script->bytes + script->begin;
	end = memchr(from, '\n', left);
	if (end == NULL && !script->whole && left <= LINE_LENGTH_MAX)
		return NULL;
	length = end != NULL ? (size_t)(end - from) : left;
	line = memory_zero(length + 1);
	memcpy(line, from, length);
	script->begin += length + (end != NULL);
	if (length > LINE_LENGTH_MAX) {
		*why = "it is over 64 KiB; nothing more is read";
		script->whole = true;
		console_script_drop(script);
	} else if (strlen(line) != length) {
		*why = "there is a NUL in it";
	}
	return line;
}

struct console_script *console_script_new(void)
{
	return memory_zero(sizeof(struct console_script));
}

void console_script_free(struct console_script *script)
{
	if (script == NULL)
		return;
	free(script->bytes);
	free(script);
}
