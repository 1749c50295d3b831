/*
 * diagnostic: see diagnostic.h.  Code that checks a file does not stop at the first mistake.  It
 * adds a diagnostic and continues, so that an admin can correct all mistakes at once.  Diagnostics
 * are printed on terminals, in logs and in replies, and they quote untrusted text, including the
 * name of the file.  Therefore each line is escaped once, here, when it is added.
 */
#include "base/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define COMPLAINT_TEXT 1024

/* The buffer has room for the longest result, \xHH for each byte. */
static char *escaped(const char *raw)
{
	size_t length = strlen(raw), size = 4 * length + 1;

	return text_escape(memory_zero(size), size, raw, length);
}

static bool is_at(const struct diagnostic *diagnostic, const char *file, int line)
{
	return line > 0 && diagnostic->line == line && text_equal(diagnostic->file, file);
}

/* A note about a line that has an error adds nothing, so it is dropped. */
static bool has_error_at(const struct diagnostics *c, const char *file, int line)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->list[i].note && is_at(&c->list[i], file, line))
			return true;
	return false;
}

static void drop_notes_at(struct diagnostics *c, const char *file, int line)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (c->list[i].note && is_at(&c->list[i], file, line)) {
			free(c->list[i].text);
			free(c->list[i].file);
		} else {
			c->list[kept++] = c->list[i];
		}
	}
	c->count = kept;
}

/* A default of a module is checked for each of its daemons, and its error is reported once. */
static bool is_listed(const struct diagnostics *c, const char *text)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->list[i].text, text) == 0)
			return true;
	return false;
}

__attribute__((format(printf, 5, 0))) static void add(struct diagnostics *c, bool note,
	const char *file, int line, const char *format, va_list ap)
{
	char message[COMPLAINT_TEXT], *raw, *text;
	const char *kind = note ? "note: " : "";
	struct diagnostic *diagnostic;

	if (note && has_error_at(c, file, line))
		return;
	if (!note)
		drop_notes_at(c, file, line);
	vsnprintf(message, sizeof(message), format, ap);
	if (file == NULL)
		raw = memory_format("%s%s", kind, message);
	else if (line > 0)
		raw = memory_format("%s:%d: %s%s", file, line, kind, message);
	else
		raw = memory_format("%s: %s%s", file, kind, message);
	text = escaped(raw);
	free(raw);
	if (line > 0 && is_listed(c, text)) {
		free(text);
		c->errors += !note;
		return;
	}
	c->list = memory_grow(c->list, c->count + 1, sizeof(*c->list));
	diagnostic = &c->list[c->count++];
	diagnostic->file = memory_text(file);
	diagnostic->line = line;
	diagnostic->note = note;
	diagnostic->text = text;
	c->errors += !note;
}

void diagnostic_add(struct diagnostics *c, const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(c, false, file, line, format, ap);
	va_end(ap);
}

void diagnostic_note(struct diagnostics *c, const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(c, true, file, line, format, ap);
	va_end(ap);
}

/* Returns true if b must precede a: both are in the same file, and b has the smaller line. */
static bool out_of_order(const struct diagnostic *a, const struct diagnostic *b)
{
	return text_equal(a->file, b->file) && b->line < a->line;
}

/* An insertion sort: moves each diagnostic up to the others of its file, then by line.  The list is
 * short enough for it. */
void diagnostics_sort(struct diagnostics *c)
{
	for (size_t i = 1; i < c->count; i++) {
		struct diagnostic moved = c->list[i];
		size_t at = i, j;

		for (j = i; j-- > 0;)
			if (text_equal(c->list[j].file, moved.file))
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

void diagnostics_clear(struct diagnostics *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->list[i].text);
		free(c->list[i].file);
	}
	free(c->list);
	*c = (struct diagnostics){0};
}
