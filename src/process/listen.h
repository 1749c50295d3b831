/*
 * listen: opens and closes listening sockets.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stddef.h>
#include <sys/types.h>

struct listen {
	int fd;     /* -1: closed */
	char *path; /* of a UNIX socket that listen_close removes; else NULL */
	dev_t device;
	ino_t inode;
};

/* Opens a socket that listens on the address (listen_address.h).  group: who may connect to a UNIX
 * socket; NULL: only the user of this process.  skip: how many sockets of systemd with this name
 * are left out.  Returns 0, or a negative errno and the reason in why. */
int listen_open(struct listen *l, const char *text, const char *group, unsigned skip, char *why,
	size_t size);
/* Closes the socket, and removes a UNIX socket that is still the same. */
void listen_close(struct listen *l);
/* Returns 0 if listen_open accepts the address, or a negative errno and the reason in why. */
int listen_check(const char *text, char *why, size_t size);

#endif
