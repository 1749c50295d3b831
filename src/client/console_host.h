/*
 * console_host: a prompt in front of the host that runs in the same process.
 */
#ifndef CONSOLE_HOST_H
#define CONSOLE_HOST_H

#include <stdbool.h>

struct console_host;
struct host;

/* On stdin, stdout and stderr.  on_end: whoever sits there wants it to stop, or a script is at its
 * end; failed: not all of the script was done.  NULL and errno. */
struct console_host *console_host_open(
	struct host *host, void (*on_end)(bool failed, void *arg), void *arg);
void console_host_close(struct console_host *ch);
/* Ctrl-C.  False: it was not for the prompt. */
bool console_host_interrupt(struct console_host *ch);

#endif
