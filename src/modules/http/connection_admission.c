/*
 * connection_admission: decides which connection is closed when there are more than
 * connections_max.
 *
 * A client that opens connections and sends no request, or does not read its reply, must not keep
 * other clients out.  So if a new connection exceeds connections_max, one of these is closed, in
 * this order:
 *
 *  - a connection that lingers after its last reply, or an extra one without a request;
 *  - a connection without a request, of a peer that has at least as many connections as the peer of
 *    the new one;
 *  - any connection of a peer that has more connections than the peer of the new one;
 *  - a connection of the same peer that has been reading its reply for more than SLOW seconds.
 *
 * Among equals, the peer with the most connections loses its connection with the oldest phase.  If
 * no connection may be closed, the new one stays as an extra one, which may request only /healthz,
 * until the next new connection replaces it.
 *
 * A peer is an IPv4 address, the first 64 bits of an IPv6 address, because those are one network,
 * or a user of a local socket.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <event2/bufferevent.h>

#include "connection_internal.h"

#define SLOW 2.0 /* seconds; a reply that takes longer may be cut off for another client */

struct share {
	uint64_t peer;
	unsigned connections;
	LIST_ENTRY(share) link;
};

/* --- peers ------------------------------------------------------------------------------------ */

static uint64_t peer_of(int fd)
{
	struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&sa;
	struct ucred user = {0};
	socklen_t size = sizeof(sa), user_size = sizeof(user);
	uint32_t half = 0;
	uint64_t peer = 0;

	getpeername(fd, (struct sockaddr *)&sa, &size);
	if (sa.ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		memcpy(&peer, &in6->sin6_addr, sizeof(peer));
		return peer;
	}
	if (sa.ss_family == AF_INET6)
		memcpy(&half, in6->sin6_addr.s6_addr + 12, sizeof(half));
	else if (sa.ss_family == AF_INET)
		half = ((const struct sockaddr_in *)&sa)->sin_addr.s_addr;
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &user_size) == 0)
		half = user.uid;
	return (uint64_t)sa.ss_family << 32 | half;
}

/* Returns the share of the connection's peer.  The first call counts the connection in it.  NULL:
 * out of memory. */
static struct share *share_of(struct connection *connection)
{
	struct server *server = connection->server;
	uint64_t peer;
	struct share *share;

	if (connection->share != NULL)
		return connection->share;
	peer = peer_of(bufferevent_getfd(connection->bev));
	LIST_FOREACH(share, &server->shares, link)
		if (share->peer == peer)
			break;
	if (share == NULL) {
		share = calloc(1, sizeof(*share));
		if (share == NULL)
			return NULL;
		share->peer = peer;
		LIST_INSERT_HEAD(&server->shares, share, link);
	}
	share->connections++;
	connection->share = share;
	return share;
}

void admission_forget(struct connection *connection)
{
	struct share *share = connection->share;

	connection->share = NULL;
	if (share == NULL || --share->connections > 0)
		return;
	LIST_REMOVE(share, link);
	free(share);
}

unsigned connection_peer_stays(struct connection *connection)
{
	struct share *share = share_of(connection);
	struct connection *other;
	unsigned count = 0;

	LIST_FOREACH(other, &connection->server->connections, link)
		count += other->phase == CONNECTION_STAYING && share_of(other) == share;
	return count;
}

/* --- which connection is closed --------------------------------------------------------------- */

/* Returns how suitable the connection is to be closed for the newest one; a higher rank is closed
 * first.  0: it must not be closed. */
static unsigned rank(const struct connection *connection, const struct connection *newest)
{
	unsigned own = newest->share->connections, others;

	if (connection == newest || connection->share == NULL ||
		connection->phase == CONNECTION_GONE)
		return 0;
	others = connection->share->connections;
	if (connection->phase == CONNECTION_LINGERING ||
		(connection->extra && connection->phase == CONNECTION_ASKING))
		return 4;
	if (connection->phase == CONNECTION_ASKING && others >= own)
		return 3;
	if (others > own)
		return 2;
	if (connection->share == newest->share && connection->phase == CONNECTION_ANSWERED &&
		vigil_now() - connection->since > SLOW)
		return 1;
	return 0;
}

/* Orders by rank, then by the number of connections of the peer, then by the age of the phase. */
static bool goes_before(
	const struct connection *a, unsigned a_rank, const struct connection *b, unsigned b_rank)
{
	if (a_rank != b_rank)
		return a_rank > b_rank;
	if (a->share->connections != b->share->connections)
		return a->share->connections > b->share->connections;
	return a->since < b->since;
}

static struct connection *find_one_to_go(struct server *server, const struct connection *newest)
{
	struct connection *connection, *found = NULL;
	unsigned found_rank = 0, its_rank;

	LIST_FOREACH(connection, &server->connections, link) {
		its_rank = rank(connection, newest);
		if (its_rank > 0 &&
			(found == NULL || goes_before(connection, its_rank, found, found_rank))) {
			found = connection;
			found_rank = its_rank;
		}
	}
	return found;
}

/* Returns how many connections must be closed. */
static unsigned excess(const struct server *server)
{
	unsigned allowed = server->limits.connections;
	const struct connection *connection;

	if (server->connection_count <= allowed)
		return 0;
	LIST_FOREACH(connection, &server->connections, link)
		allowed += connection->extra;
	return server->connection_count > allowed ? server->connection_count - allowed : 0;
}

void admission_settle(struct server *server)
{
	struct connection *newest, *connection;

	/* A connection that may linger needs two rounds: the first one makes it linger, the second
	 * one ends that. */
	for (int i = 0; i < 16 && excess(server) > 0; i++) {
		newest = LIST_FIRST(&server->connections);
		LIST_FOREACH(connection, &server->connections, link)
			share_of(connection);
		connection = newest->share != NULL ? find_one_to_go(server, newest) : NULL;
		if (connection != NULL) {
			connection_hang_up(connection);
			connection_clear_away(server);
		} else if (!newest->extra) {
			newest->extra = true;
		} else {
			return;
		}
	}
}

bool connection_is_extra(const struct connection *connection)
{
	return connection->extra &&
	       connection->server->connection_count > connection->server->limits.connections;
}
