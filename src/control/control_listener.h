/*
 * control_listener: the listening end of the Unix socket: its file and who may connect to it.
 */
#ifndef CONTROL_LISTENER_H
#define CONTROL_LISTENER_H

#include <sys/types.h>

struct control_listener {
	char *path;
	dev_t dev; /* identity of our socket, so that no other one is removed */
	ino_t ino; /* 0: it was not created */
	int fd;    /* non-blocking; -1: none */
};

/* Removes the socket that a killed vigild left behind, and listens on a new one.  group: its
 * members may connect; NULL: only root and vigild's own user.  Returns 0 or a negative errno;
 * EADDRINUSE: another vigild answers on the socket.  The caller closes the listener in both
 * cases. */
int control_listener_open(struct control_listener *listener, const char *path, const gid_t *group);
/* Removes the socket, if the file is still the one that was created, and closes it. */
void control_listener_close(struct control_listener *listener);

#endif
