/*
 * editor: a line that is edited on a terminal, with history, by libedit.
 *
 * There is one terminal: standard input and output.
 */
#ifndef EDITOR_H
#define EDITOR_H

#include <stdbool.h>

struct editor;

struct editor_spec {
	const char *prompt;
	/* The next byte that was typed, as soon as there is one; a negative number ends the line.  It may
	 * print between editor_hide and editor_show. */
	int (*next)(void *arg);
	/* TAB: the text to insert at the cursor, which the editor frees, or NULL.  before is the line up to
	 * the cursor.  It may print between editor_hide and editor_show. */
	char *(*on_complete)(const char *before, void *arg);
	void *arg;
};

/* NULL where the console is built without libedit, or libedit cannot draw on this terminal; *why says
 * which. */
struct editor *editor_open(const struct editor_spec *spec, const char **why);
void editor_close(struct editor *editor);

/* Shows the prompt and returns the line that was typed, which the caller frees.  NULL: next has ended the
 * line, or Ctrl-D was typed on an empty one. */
char *editor_read(struct editor *editor);

/* Other lines may be printed between these two, while a line is being edited. */
void editor_hide(struct editor *editor);
void editor_show(struct editor *editor);
/* Draws the line to its end, because next is about to end it. */
void editor_leave_line(struct editor *editor);

/* The terminal has another size. */
void editor_resize(struct editor *editor);
/* Sets the modes that editing needs, or ends them. */
void editor_take_terminal(struct editor *editor, bool taken);

#endif
