/*
 * diagnostic: everything that is wrong with a configuration, gathered so that all of it can be
 * said at once.  Each is one line of text, "file:line: message".  An error refuses the
 * configuration; a note, "file:line: note: message", only mentions what looks like a mistake.
 */
#ifndef DIAGNOSTIC_H
#define DIAGNOSTIC_H

#include <stdbool.h>
#include <stddef.h>

struct diagnostic {
	char *text; /* the whole line, escaped */
	char *file;
	int line;  /* 0: the file as a whole */
	bool note; /* it refuses nothing */
};

/* Zeroed is empty.  The owner frees with diagnostics_clear. */
struct diagnostics {
	struct diagnostic *list;
	size_t count;
	size_t errors; /* of them, without the notes */
};

/* file NULL: the message stands alone; line 0: "file: message".  What a user wrote goes through
 * text_truncate first, lest it push the point of the message off the screen. */
void diagnostic_add(struct diagnostics *c, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same for a note; where the line has an error as well, there is the error alone. */
void diagnostic_note(struct diagnostics *c, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* By file in the order in which files first came up, then by line; stable. */
void diagnostics_sort(struct diagnostics *c);
void diagnostics_clear(struct diagnostics *c);

#endif
