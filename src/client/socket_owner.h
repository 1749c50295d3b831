/*
 * socket_owner: which process holds a control socket, and how it is stopped.
 */
#ifndef SOCKET_OWNER_H
#define SOCKET_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* 0: nobody answers there. */
pid_t holder_of(const char *socket);
/* Finds the unit of systemd in the content of /proc/PID/cgroup: "0::/system.slice/vigil.service" names
 * "vigil".  Returns false, with an empty unit, where it is not one of vigil's or no valid name. */
bool holder_unit(const char *text, char *unit, size_t size);
/* The command that stops it: of its service manager where that is known.  Returns buf. */
char *holder_stop(pid_t pid, char *buf, size_t size);

#endif
