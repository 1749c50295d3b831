/*
 * door: a socket that is listened on.
 */
#ifndef DOOR_H
#define DOOR_H

#include <sys/socket.h>

#include "site.h"

/* Opens one for each address, all or none: 0, or -errno after vigil_refuse. */
int door_open(struct site *site, const char *const *addresses);
/* Frees them and every connection. */
void door_free_all(struct site *site);

/* No newcomers, or newcomers again. */
void door_shut_all(struct site *site);
void door_open_all(struct site *site);

/* One after the other; NULL is before the first and after the last. */
struct door *door_next(const struct site *site, const struct door *door);
/* The address that a door listens on. */
const struct sockaddr *door_address(const struct door *door);
socklen_t door_address_size(const struct door *door);
struct site *door_site(const struct door *door);

/* What a request is handed to; the visitor is found by its door. */
void site_on_request(struct evhttp_request *req, void *door);

#endif
