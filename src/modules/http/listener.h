/*
 * listener: a socket that is listened on.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <sys/socket.h>

#include "server.h"

/* Opens one for each address, all or none: 0, or -errno after vigil_fail. */
int listener_open(struct server *server, const char *const *addresses);
/* Frees them and every connection. */
void listener_free_all(struct server *server);

/* No newcomers, or newcomers again. */
void listener_shut_all(struct server *server);
void listener_open_all(struct server *server);

/* One after the other; NULL is before the first and after the last. */
struct listener *listener_next(const struct server *server, const struct listener *listener);
/* The address that a listener listens on. */
const struct sockaddr *listener_address(const struct listener *listener);
socklen_t listener_address_size(const struct listener *listener);
struct server *listener_server(const struct listener *listener);

/* What a request is handed to; the visitor is found by its listener. */
void server_on_request(struct evhttp_request *req, void *listener);

#endif
