/*
 * control_console: the console of `vigild -C`, a process with a connection of its own.
 */
#ifndef CONTROL_CONSOLE_H
#define CONTROL_CONSOLE_H

#include <stdbool.h>

struct control;
struct control_console;
struct host;

/* Called once, from the loop, when the console has ended by itself.  failed: not all of its script was done,
 * or it crashed, which was logged. */
typedef void control_console_fn(bool failed, void *arg);

/* Starts that program, with vigild's terminal, on a connection with the rights of vigild's user.  On a
 * terminal the log goes to it, unless standard error is sent elsewhere.  NULL and errno. */
struct control_console *control_console_open(struct control *control, struct host *host,
	const char *program, control_console_fn *on_end, void *arg);
/* Ends the console, and waits at most two seconds until it has restored the terminal.  The loop must have
 * ended.  Before the connections of control are closed. */
void control_console_close(struct control_console *console);

/* Whether it has a terminal, so that Ctrl-C is for the console. */
bool control_console_on_terminal(const struct control_console *console);
/* Goes on, after vigild was stopped. */
void control_console_continue(const struct control_console *console);

#endif
