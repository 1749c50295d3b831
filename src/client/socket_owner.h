/*
 * socket_owner: which process holds a control socket, and how it is stopped.
 */
#ifndef SOCKET_OWNER_H
#define SOCKET_OWNER_H

#include <stddef.h>
#include <sys/types.h>

/* 0: nobody answers there. */
pid_t holder_of(const char *socket);
/* The command that stops it: of its service manager where that is known.  Returns buf. */
char *holder_stop(pid_t pid, char *buf, size_t size);

#endif
