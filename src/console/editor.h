/*
 * editor: edits a line on a terminal, with history, using libedit.
 *
 * The only terminal is that of standard input and output.
 */
#ifndef EDITOR_H
#define EDITOR_H

#include <stdbool.h>

struct editor;

struct editor_spec {
	const char *prompt;
	/* Waits for a typed byte and returns it.  A negative number ends the line.  The callback
	 * may print between editor_hide and editor_show. */
	int (*next)(void *arg);
	/* Called on TAB.  Returns the text to insert at the cursor, which the editor frees, or
	 * NULL. before is the line up to the cursor.  The callback may print between editor_hide
	 * and editor_show. */
	char *(*on_complete)(const char *before, void *arg);
	void *arg;
};

/* NULL: the console was built without libedit, or libedit cannot use this terminal; *why says
 * which. */
struct editor *editor_open(const struct editor_spec *spec, const char **why);
void editor_close(struct editor *editor);

/* Displays the prompt and returns the typed line, which the caller frees.  NULL: next has ended the
 * line, or Ctrl-D was typed on an empty line. */
char *editor_read(struct editor *editor);

/* While a line is being edited, other lines may be printed between these two calls. */
void editor_hide(struct editor *editor);
void editor_show(struct editor *editor);
/* Draws the line with the cursor at its end.  Called before next ends the line. */
void editor_leave_line(struct editor *editor);

/* Called when the size of the terminal has changed. */
void editor_resize(struct editor *editor);
/* Sets the terminal modes for editing, or restores the previous ones. */
void editor_take_terminal(struct editor *editor, bool taken);

#endif
