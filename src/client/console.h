/*
 * console: a prompt: lines in, verbs to whoever is behind it, answers out.
 *
 * On a terminal it is a prompt with history and completion; else a script is read, a verb a
 * line, each answered before the next begins.  It lives on the loop and never holds it up.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>

#include "client/console_complete.h"
#include "client/verb.h"

struct console;
struct loop;

/* Who is behind it: the host itself, or a vigild at the other end of a socket. */
struct console_door {
	/* Begins a verb; it is answered once by console_answer, at once or later.  What comes
	 * before the answer is told by console_change. */
	void (*ask)(const struct verb *verb, void *arg);
	/* Gives up what has not been answered yet; no answer comes any more. */
	void (*give_up)(void *arg);
	/* For completion. */
	console_look_fn *look;
};

struct console_spec {
	struct loop *loop;
	int in, out, err;
	const char *program; /* who says what went wrong in a script */
	bool json, quiet;
	const struct console_door *door;
	/* There is nothing more to be done, and all is answered; failed: not all of a script was
	 * done. */
	void (*on_end)(bool failed, void *arg);
	void *arg;
};

/* NULL and errno. */
struct console *console_open(const struct console_spec *spec);
void console_close(struct console *console);

/* Whether somebody sits there; else it is a script. */
bool console_on_terminal(const struct console *console);
/* Neither a result nor a code: it is done, and there is nothing to print. */
void console_answer(struct console *console, const struct command_reply *reply);
/* A piece of the JSON text of an answer that console_answer ends; changes the text.  False: there
 * is no room, and nothing was done. */
bool console_part(struct console *console, char *text);
/* Something has changed that is being watched. */
void console_change(struct console *console, json_t *change);
/* A line that nobody asked for, such as of the log; it does not tear what is being typed. */
void console_notice(struct console *console, const char *line);
/* Ctrl-C: gives up what is being answered, or the line that is being typed.  False: it was not
 * for the console. */
bool console_interrupt(struct console *console);

#endif
