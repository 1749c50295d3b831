/*
 * editor: a line edited at a terminal, by libedit where it is there.
 *
 * Fed with what was typed, it never waits for a key; what it draws goes to a FILE.
 */
#ifndef EDITOR_H
#define EDITOR_H

#include <stddef.h>
#include <stdio.h>

struct editor;

struct editor_spec {
	int fd;   /* the terminal: for its modes and its size, nothing is read or written */
	FILE *to; /* what is drawn */
	const char *prompt;
	/* TAB: what is to be put in at the cursor, to be freed, or NULL; before: the line up to
	 * there.  It may show something between editor_hide and editor_show. */
	char *(*on_complete)(const char *before, void *arg);
	void *arg;
};

/* NULL where there is no libedit or the terminal is none that it can draw on; why says it. */
struct editor *editor_open(const struct editor_spec *spec, const char **why);
/* The terminal is as it was before. */
void editor_close(struct editor *editor);

/* Draws the prompt and an empty line.  Not while the terminal has output to take: it would be
 * waited for. */
void editor_begin(struct editor *editor);
void editor_feed(struct editor *editor, const char *bytes, size_t length);
/* What was fed and has not been taken. */
size_t editor_waiting(const struct editor *editor);

enum editor_event {
	EDITOR_MORE, /* all that was typed has been taken */
	EDITOR_LINE, /* a line is whole; the rest is taken after the next editor_begin */
	EDITOR_END   /* Ctrl-D on an empty line */
};
/* line: to be freed, with EDITOR_LINE. */
enum editor_event editor_next(struct editor *editor, char **line);

/* Between the two something else may be written, by whole lines; only while a line is edited. */
void editor_hide(struct editor *editor);
void editor_show(struct editor *editor);
/* Ends the line as it stands, unread, and all that was typed after it. */
void editor_drop(struct editor *editor);

/* The terminal has another size. */
void editor_resize(struct editor *editor);
/* Gives the terminal back for as long as the process is stopped. */
void editor_leave(struct editor *editor);
void editor_return(struct editor *editor);

#endif
