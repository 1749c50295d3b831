/*
 * script: see script.h.  The control socket limits the length of a line, and the same limit applies
 * here.  A longer line means that the input is not a script.  It ends the script, because otherwise
 * arbitrary text would be run as verbs.
 */
#include "console/script.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define LINE_LENGTH_MAX (64 * 1024)

void script_feed(struct script *script, const char *bytes, size_t length)
{
	size_t left = script->end - script->begin;

	script->ended = script->ended || length == 0;
	if (script->ended)
		return;
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

char *script_next(struct script *script, const char **why)
{
	size_t left = script->end - script->begin, length;
	const char *from, *end;
	char *line;

	*why = NULL;
	if (left == 0)
		return NULL;
	from = script->bytes + script->begin;
	end = memchr(from, '\n', left);
	if (end == NULL && !script->ended && left <= LINE_LENGTH_MAX)
		return NULL;
	length = end != NULL ? (size_t)(end - from) : left;
	line = memory_zero(length + 1);
	memcpy(line, from, length);
	script->begin += length + (end != NULL);
	if (length > LINE_LENGTH_MAX) {
		*why = "the line is longer than 64 KiB; reading stops here";
		script_clear(script);
	} else if (strlen(line) != length) {
		*why = "the line contains a NUL character";
	}
	return line;
}

void script_clear(struct script *script)
{
	free(script->bytes);
	*script = (struct script){.ended = true};
}
