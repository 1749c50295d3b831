/*
 * complaint: everything that is wrong with a configuration, gathered so that all of it can be
 * said at once.  Each is one line of text, "file:line: message".  An error refuses the
 * configuration; a note, "file:line: note: message", only mentions what looks like a mistake.
 */
#ifndef COMPLAINT_H
#define COMPLAINT_H

#include <stdbool.h>
#include <stddef.h>

struct complaint {
	char *text; /* the whole line, escaped */
	char *file;
	int line;  /* 0: the file as a whole */
	bool note; /* it refuses nothing */
};

/* Zeroed is empty.  The owner frees with complaints_clear. */
struct complaints {
	struct complaint *list;
	size_t count;
	size_t errors; /* of them, without the notes */
};

/* file NULL: the message stands alone; line 0: "file: message".  What a user wrote goes through
 * text_cut first, lest it push the point of the message off the screen. */
void complaint_add(struct complaints *c, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same for a note; where the line has an error as well, there is the error alone. */
void complaint_note(struct complaints *c, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* By file in the order in which files first came up, then by line; stable. */
void complaints_sort(struct complaints *c);
void complaints_clear(struct complaints *c);

#endif
