/*
 * console_terminal: the terminal that a prompt is on: edited lines, or plain ones.
 */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include <stdbool.h>

#include "client/console_complete.h"
#include "loop/editor.h"

struct console_terminal;

struct console_terminal_spec {
	int fd;
	FILE *to;
	const char *prompt;
	console_look_fn *look; /* for completion */
	void *arg;
};

/* Without an editor the prompt is plain, and *why says why; else it is NULL. */
struct console_terminal *console_terminal_open(
	const struct console_terminal_spec *spec, const char **why);
void console_terminal_close(struct console_terminal *t);

/* Shows the prompt, unless it stands there already.  False: the terminal still has output to
 * take; try again in a while. */
bool console_terminal_begin(struct console_terminal *t);
void console_terminal_feed(struct console_terminal *t, const char *bytes, size_t length);
enum editor_event console_terminal_next(struct console_terminal *t, char **line);
/* What was fed and has not been taken. */
size_t console_terminal_waiting(const struct console_terminal *t);

/* Around what is written meanwhile. */
void console_terminal_hide(struct console_terminal *t);
void console_terminal_show(struct console_terminal *t);
/* Ctrl-C: the line that was begun is gone. */
void console_terminal_drop(struct console_terminal *t);
/* Nothing more is read: the prompt, where there is one, is left behind. */
void console_terminal_end(struct console_terminal *t);
void console_terminal_resize(struct console_terminal *t);
/* Around the time that the process is stopped. */
void console_terminal_leave(struct console_terminal *t);
void console_terminal_return(struct console_terminal *t);

#endif
