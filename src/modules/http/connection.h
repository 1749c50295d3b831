/*
 * connection: the connections: how many there are, and how long each may take.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "address.h"
#include "server.h"

struct evhttp_request;
struct framing_refusal;

/* A connection's bufferevent, as evhttp asks for one when it has accepted; never NULL but when out
 * of memory. */
struct bufferevent *connection_new(struct server *server);
/* Whose request it is. */
struct connection *connection_of(struct server *server, struct evhttp_request *req);

/* Why the request is to be answered with an error and the connection closed; NULL: it is not. */
const struct framing_refusal *connection_refusal(const struct connection *connection);
/* The address of the client without its port, or "unix". */
char *connection_address(const struct connection *connection, char text[ADDRESS_TEXT]);

/* Told once, when the connection ends before the work is done: what was asked is to be let go,
 * and the request no longer to be answered. */
typedef void connection_gone_fn(void *arg);
/* There is work for it that outlasts the callback; NULL ends that. */
void connection_work(struct connection *connection, connection_gone_fn *gone, void *arg);
/* It may stay as long as it likes from here on: what it is told comes bit by bit. */
void connection_stays(struct connection *connection);
/* Whether it has a connection beyond connections_max, which is for /healthz alone. */
bool connection_is_extra(const struct connection *connection);
/* How many connections of its peer may stay as long as they like (connection_stays). */
unsigned connection_peer_stays(struct connection *connection);
/* How much waits to be fetched. */
size_t connection_pending(const struct connection *connection);
/* Hangs up. */
void connection_hang_up(struct connection *connection);

/* Whether one more may be accepted. */
bool connection_has_room(const struct server *server);
/* Lets go of those that are gone, once evhttp itself is freed of all of them. */
void connection_free_all(struct server *server);

#endif
