/*
 * control_socket: the Unix socket: who is let in, and how many.
 */
#ifndef CONTROL_SOCKET_H
#define CONTROL_SOCKET_H

#include <sys/types.h>

struct control_socket;
struct control_work;
struct host;

/* group: its members may read; NULL: nobody beside root and the own user.  NULL and errno
 * (EADDRINUSE: another vigild answers there), having logged why. */
struct control_socket *control_socket_open(struct host *host, const char *path, const gid_t *group);
/* Closes all connections and removes the socket. */
void control_socket_close(struct control_socket *cs);
/* What its connections have in common. */
struct control_work *control_socket_clients(const struct control_socket *cs);

#endif
