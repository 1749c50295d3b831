/*
 * complaint: everything that is wrong with a configuration, said at once.
 *
 * Whoever mends a file wants to mend it once: nothing that checks stops at the first thing it
 * finds, it adds a complaint and goes on.  Complaints end on terminals, in logs and in replies,
 * and what they quote was written by anybody, the name of the file not excepted; so each line
 * is escaped here, once, as it is made.
 */
#include "base/complaint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"

#define COMPLAINT_TEXT 1024

/* With room for the worst, \xHH for each byte. */
static char *escaped(const char *raw)
{
	size_t length = strlen(raw), size = 4 * length + 1;

	return log_escape(memory_zero(size), size, raw, length);
}

void complaint_add(struct complaints *c, const char *file, int line, const char *format, ...)
{
	char message[COMPLAINT_TEXT], *raw;
	struct complaint *complaint;
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	if (file == NULL)
		raw = memory_text(message);
	else if (line > 0)
		raw = memory_format("%s:%d: %s", file, line, message);
	else
		raw = memory_format("%s: %s", file, message);
	c->list = memory_grow(c->list, c->count + 1, sizeof(*c->list));
	complaint = &c->list[c->count++];
	complaint->file = memory_text(file);
	complaint->line = line;
	complaint->text = escaped(raw);
	free(raw);
}

static bool same_file(const struct complaint *a, const struct complaint *b)
{
	return a->file == b->file ||
	       (a->file != NULL && b->file != NULL && strcmp(a->file, b->file) == 0);
}

/* Whether b belongs before a: of the same file, and higher up. */
static bool out_of_order(const struct complaint *a, const struct complaint *b)
{
	return same_file(a, b) && b->line < a->line;
}

/* Moves each up to its file's others, then by line.  Few enough that a plain insertion does. */
void complaints_sort(struct complaints *c)
{
	for (size_t i = 1; i < c->count; i++) {
		struct complaint moved = c->list[i];
		size_t at = i, j;

		for (j = i; j-- > 0;)
			if (same_file(&c->list[j], &moved))
				break;
		if (j == (size_t)-1)
			continue;
		at = j + 1;
		while (at > 0 && out_of_order(&c->list[at - 1], &moved))
			at--;
		memmove(&c->list[at + 1], &c->list[at], (i - at) * sizeof(moved));
		c->list[at] = moved;
	}
}

void complaints_clear(struct complaints *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->list[i].text);
		free(c->list[i].file);
	}
	free(c->list);
	*c = (struct complaints){0};
}
