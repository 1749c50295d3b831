/*
 * diagnostic: the list of all mistakes in a configuration, collected so that they can be reported
 * together.  Each diagnostic is one line of text, "file:line: message".  An error rejects the
 * configuration.  A note, "file:line: note: message", reports what looks like a mistake and rejects
 * nothing.
 */
#ifndef DIAGNOSTIC_H
#define DIAGNOSTIC_H

#include <stdbool.h>
#include <stddef.h>

struct diagnostic {
	char *text; /* the whole line, escaped */
	char *file;
	int line;  /* 0: the file as a whole */
	bool note; /* it does not reject the configuration */
};

/* A zeroed struct is an empty list.  The owner frees it with diagnostics_clear. */
struct diagnostics {
	struct diagnostic *list;
	size_t count;
	size_t errors; /* the number of errors, without the notes */
};

/* Adds an error.  The same message at the same line is listed once.  file NULL: the line is the message alone.  line 0: "file: message".  The caller
 * shortens text that a user wrote by text_truncate, because otherwise it could push the message off
 * the screen. */
void diagnostic_add(struct diagnostics *c, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Adds a note.  If the same line has an error, only the error is kept. */
void diagnostic_note(struct diagnostics *c, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Sorts by file, in the order in which the files first occur, then by line.  The sort is stable. */
void diagnostics_sort(struct diagnostics *c);
void diagnostics_clear(struct diagnostics *c);

#endif
