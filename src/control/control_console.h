/*
 * control_console: runs the console of `vigild -C`, which is a process with its own connection.
 */
#ifndef CONTROL_CONSOLE_H
#define CONTROL_CONSOLE_H

#include <stdbool.h>

struct control;
struct control_console;
struct host;

/* Called once, from the loop, when the console has exited by itself. failed: its script was not
 * completed, or the console crashed, which was logged. */
typedef void control_console_fn(bool failed, void *arg);

/* Starts the program with vigild's terminal, on a connection with the rights of vigild's user.  If
 * vigild has a terminal, the console displays the log, unless standard error is redirected.  NULL
 * and errno. */
struct control_console *control_console_open(struct control *control, struct host *host,
	const char *program, control_console_fn *on_end, void *arg);
/* Terminates the console.  Waits at most two seconds until the console has restored the terminal,
 * then kills it.  The loop must have ended.  Must be called before control_close. */
void control_console_close(struct control_console *console);

/* True: the console runs on a terminal, so that Ctrl-C is for the console. */
bool control_console_on_terminal(const struct control_console *console);
/* Continues the console after vigild was stopped. */
void control_console_continue(const struct control_console *console);

#endif
