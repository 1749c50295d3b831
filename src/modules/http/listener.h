/*
 * listener: the sockets that a server listens on.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <sys/socket.h>

#include "server.h"

/* Opens a listener for each address.  Returns 0, or -errno after vigil_fail; the caller then frees
 * those that were opened, with listener_free_all. */
int listener_open(struct server *server, const char *const *addresses);
/* Frees all listeners of the server and closes every connection. */
void listener_free_all(struct server *server);

/* Iterates over the listeners: NULL is before the first and after the last. */
struct listener *listener_next(const struct server *server, const struct listener *listener);
/* Returns the address that the listener is bound to. */
const struct sockaddr *listener_address(const struct listener *listener);
socklen_t listener_address_size(const struct listener *listener);
struct server *listener_server(const struct listener *listener);

#endif
