/*
 * console_remote: a prompt whose verbs go to a vigild at the other end of its socket.
 */
#ifndef CONSOLE_REMOTE_H
#define CONSOLE_REMOTE_H

#include <stdbool.h>

struct console_remote_spec {
	const char *socket;
	const char
		*file; /* the configuration that register and unregister change; NULL: the one that
			   * the vigild at the socket reads */
	bool json, quiet;
};

/* Runs until its input has ended.  0, or -errno when not all of a script was done. */
int console_remote(const struct console_remote_spec *spec);

#endif
