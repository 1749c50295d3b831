/*
 * socket_owner: finds the process that listens on a control socket, and the command that stops it.
 */
#ifndef SOCKET_OWNER_H
#define SOCKET_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The pid of the process that listens on the socket.  0: none. */
pid_t socket_owner_pid(const char *socket);
/* Finds the systemd unit in the content of /proc/PID/cgroup: "0::/system.slice/vigil.service" gives
 * "vigil".  False, with an empty unit: the unit is not one of vigil's, or its name is invalid. */
bool socket_owner_unit(const char *text, char *unit, size_t size);
/* The command that stops the process: that of its service manager if this is known, else kill.
 * Returns buf. */
char *socket_owner_stop(pid_t pid, char *buf, size_t size);

#endif
