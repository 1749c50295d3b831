/*
 * control_socket: the Unix socket: it accepts connections, checks users and limits connections.
 */
#ifndef CONTROL_SOCKET_H
#define CONTROL_SOCKET_H

#include <sys/types.h>

struct control_socket;
struct control_work;
struct host;

/* group: its members have read access; NULL: only root and vigild's own user have access.  NULL and
 * errno (EADDRINUSE: another vigild answers on the socket) on failure, which has been logged. */
struct control_socket *control_socket_open(struct host *host, const char *path, const gid_t *group);
/* Closes all connections and removes the socket. */
void control_socket_close(struct control_socket *cs);
/* The state that the connections share; borrowed. */
struct control_work *control_socket_clients(const struct control_socket *cs);

#endif
