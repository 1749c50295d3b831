/*
 * connection: the connections of the clients.  This file limits how many there are, and how long
 * each may take.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "address.h"
#include "server.h"

struct evhttp_request;
struct framing_refusal;

/* Returns the bufferevent for a new connection, which was accepted.  NULL: out of memory. */
struct bufferevent *connection_new(struct server *server);
/* Returns the connection that a request came from, and starts the time limit of the reply.  NULL:
 * evhttp made the bufferevent itself, because connection_new was out of memory. */
struct connection *connection_of(struct server *server, struct evhttp_request *req);

/* Returns the reason why the request must be answered with an error and the connection closed;
 * NULL: there is none. */
const struct framing_refusal *connection_refusal(const struct connection *connection);
/* Writes the address of the client without its port, or "unix".  Returns text. */
char *connection_address(const struct connection *connection, char text[ADDRESS_TEXT]);

/* Called once, if the connection ends before the work is done.  The callback frees its work and
 * must not answer the request any more. */
typedef void connection_gone_fn(void *arg);
/* Registers work that outlasts the callback of the request.  gone NULL: the work is done. */
void connection_work(struct connection *connection, connection_gone_fn *gone, void *arg);
/* Removes the time limit of the connection, because its reply is a stream. */
void connection_stays(struct connection *connection);
/* Returns whether the connection exceeds connections_max.  Such a connection may request only
 * /healthz. */
bool connection_is_extra(const struct connection *connection);
/* Returns how many connections of the same peer are streams (connection_stays). */
unsigned connection_peer_stays(struct connection *connection);
/* Returns how many bytes of the reply have not been sent yet. */
size_t connection_pending(const struct connection *connection);
/* Makes evhttp close the connection, as if the client had timed out. */
void connection_hang_up(struct connection *connection);

/* Returns whether one more connection may be accepted. */
bool connection_has_room(const struct server *server);
/* Frees the connections that are left after every evhttp of the server was freed. */
void connection_free_all(struct server *server);

#endif
