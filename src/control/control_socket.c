/*
 * control_socket: see control_socket.h.  There are at most 64 connections.  All users except root
 * together have at most 60 of them, so that root can always connect.  If there is no room for a new
 * connection, it replaces the connection that has been idle longest, without a request or a watch,
 * among those of the same user and of users with more connections.  If none of these is idle, it
 * replaces the oldest connection of the user with the most connections, but only if that user keeps
 * at least as many connections as the new client's user then has.  Otherwise the new client gets an
 * error reply and is closed; it never waits.  So no user can take all connections away from
 * another.
 *
 * One file descriptor is reserved.  If no other descriptor is left, each connection is accepted
 * with the reserved one.  A connection of root is kept.  All others get an error reply and are
 * closed, so that root need not wait behind them.
 *
 * The kernel identifies the peer (SO_PEERCRED, SO_PEERGROUPS).  Nothing that the peer sends matters
 * for its access.
 */
#include "control/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "base/memory.h"
#include "command/command.h"
#include "control/control_conn.h"
#include "control/control_listener.h"
#include "control/control_work.h"
#include "daemon/api_fd.h"
#include "host/host.h"
#include "loop/loop.h"

#define CLIENTS_MAX  64
#define CLIENTS_ROOT 4
#define ACCEPT_TURN  64
#define GROUPS_MAX   1024
/* The pause after running out of descriptors, because retrying at once would use all CPU time. */
#define PAUSE CLOCK_SECOND

struct client {
	struct conn *conn;
	struct control_socket *cs;
	TAILQ_ENTRY(client) link;
};

struct control_socket {
	struct host *host;
	struct control_work *work;
	struct control_listener listener;
	int reserve; /* reserved descriptor; -1: used */
	bool has_group;
	gid_t group;
	struct event *event;
	struct loop_timer *again;
	TAILQ_HEAD(, client) clients;
	unsigned taken, others; /* number of connections; of these, of other users than root */
};

/* --- clients ---------------------------------------------------------------------------------- */

static bool is_root(const struct client *client)
{
	return conn_peer(client->conn)->uid == 0;
}

/* Removes the client.  Its connection must not be freed yet, because it has the uid. */
static void client_leave(struct client *client)
{
	TAILQ_REMOVE(&client->cs->clients, client, link);
	client->cs->taken--;
	if (!is_root(client))
		client->cs->others--;
	free(client);
}

static void on_gone(struct conn *conn, void *arg)
{
	client_leave(arg);
}

static unsigned connections_of(const struct control_socket *cs, const struct client *client)
{
	return control_work_connections(cs->work, conn_peer(client->conn)->uid);
}

/* The connections of the new client's user.  Root counts as having none. */
static unsigned own_connections(const struct control_socket *cs, const struct peer *peer)
{
	return peer->uid != 0 ? control_work_connections(cs->work, peer->uid) : 0;
}

/* True: the new client may replace this connection.  Root's connections are candidates only if root
 * has more than the reserved number, because find_idle skips them otherwise. */
static bool may_yield(
	const struct control_socket *cs, const struct client *client, const struct peer *peer)
{
	return is_root(client) || conn_peer(client->conn)->uid == peer->uid ||
	       connections_of(cs, client) > own_connections(cs, peer);
}

static struct client *find_idle(struct control_socket *cs, const struct peer *peer, bool of_others)
{
	struct client *client, *longest = NULL;
	uint64_t since, earliest = UINT64_MAX;

	TAILQ_FOREACH(client, &cs->clients, link) {
		if ((of_others && is_root(client)) || !may_yield(cs, client, peer))
			continue;
		since = conn_idle_since(client->conn);
		if (since != 0 && since < earliest) {
			earliest = since;
			longest = client;
		}
	}
	return longest;
}

/* The oldest connection of the user with the most connections.  NULL: no user has more than the new
 * client's user will have. */
static struct client *find_surplus(struct control_socket *cs, const struct peer *peer)
{
	unsigned most = own_connections(cs, peer) + 1;
	struct client *client, *found = NULL;

	TAILQ_FOREACH(client, &cs->clients, link) {
		if (is_root(client) || conn_peer(client->conn)->uid == peer->uid ||
			conn_acts(client->conn) || connections_of(cs, client) <= most)
			continue;
		most = connections_of(cs, client);
		found = client;
	}
	return found;
}

/* True: there is room for the peer, possibly after another connection was closed. */
static bool has_room(struct control_socket *cs, const struct peer *peer)
{
	bool of_others = peer->uid != 0 && cs->others >= CLIENTS_MAX - CLIENTS_ROOT;
	struct client *client;
	struct conn *conn;

	if (!of_others && cs->taken < CLIENTS_MAX)
		return true;
	client = find_idle(cs, peer, of_others);
	if (client == NULL)
		client = find_surplus(cs, peer);
	if (client == NULL)
		return false;
	conn = client->conn;
	client_leave(client);
	conn_free(conn);
	return true;
}

static void turn_away(int fd)
{
	char *line = conn_error_line(COMMAND_BUSY, "too many connections; try again later");

	(void)!send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
	free(line);
	close(fd);
}

/* --- identity of the peer --------------------------------------------------------------------- */

static bool is_member(const struct control_socket *cs, int fd, gid_t primary)
{
	gid_t groups[GROUPS_MAX];
	socklen_t size = sizeof(groups);

	if (!cs->has_group)
		return false;
	if (primary == cs->group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(*groups); i++)
		if (groups[i] == cs->group)
			return true;
	return false;
}

static bool identify(const struct control_socket *cs, int fd, struct peer *peer)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return false;
	peer->uid = cred.uid;
	peer->reader = is_member(cs, fd, cred.gid);
	return true;
}

static void admit(struct control_socket *cs, int fd)
{
	struct peer peer;
	struct client *client;

	api_fd_opened(fd);
	if (!identify(cs, fd, &peer)) {
		close(fd);
		return;
	}
	if (!has_room(cs, &peer)) {
		turn_away(fd);
		return;
	}
	client = memory_zero(sizeof(*client));
	client->cs = cs;
	client->conn = conn_new(cs->work, fd, &peer, on_gone, client);
	if (client->conn == NULL) {
		free(client);
		return;
	}
	TAILQ_INSERT_TAIL(&cs->clients, client, link);
	cs->taken++;
	if (!is_root(client))
		cs->others++;
}

/* --- accepting -------------------------------------------------------------------------------- */

static void reserve_take(struct control_socket *cs)
{
	if (cs->reserve < 0)
		cs->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* True: there are descriptors again, the reserved one and one more. */
static bool has_descriptors(struct control_socket *cs)
{
	int probe;

	reserve_take(cs);
	probe = cs->reserve >= 0 ? fcntl(cs->listener.fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (probe >= 0)
		close(probe);
	return probe >= 0;
}

static void on_again(uint64_t missed, void *arg)
{
	struct control_socket *cs = arg;

	if (has_descriptors(cs))
		degraded_clear(DEGRADED_CONNECTIONS);
	else
		loop_timer_rearm(cs->again, PAUSE);
	event_add(cs->event, NULL);
}

/* Stops accepting until the timer fires. */
static bool rest(struct control_socket *cs)
{
	event_del(cs->event);
	return false;
}

/* Accepts with the reserved descriptor, because no other is left.  Root's connection is kept, all
 * others get an error reply.  True: there may be more connections to accept. */
static bool accept_by_reserve(struct control_socket *cs)
{
	struct peer peer;
	int fd;

	if (cs->reserve < 0)
		return rest(cs);
	close(cs->reserve);
	cs->reserve = -1;
	fd = accept4(cs->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && errno != EAGAIN)
		return rest(cs);
	if (fd >= 0 && identify(cs, fd, &peer) && peer.uid == 0)
		admit(cs, fd);
	else if (fd >= 0)
		turn_away(fd);
	reserve_take(cs);
	return fd >= 0;
}

/* True: there may be more connections to accept. */
static bool accept_one(struct control_socket *cs)
{
	int fd = accept4(cs->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		reserve_take(cs);
		admit(cs, fd);
		return true;
	}
	if (errno == EINTR || errno == ECONNABORTED)
		return true;
	if (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS)
		return false;
	degraded_set(DEGRADED_CONNECTIONS, "no connection can be accepted: %s", strerror(errno));
	if (loop_timer_due(cs->again) == 0)
		loop_timer_rearm(cs->again, PAUSE);
	return accept_by_reserve(cs);
}

static void on_accept(evutil_socket_t listener, short what, void *arg)
{
	unsigned count = 0;

	while (count < ACCEPT_TURN && accept_one(arg))
		count++;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static int listen_on(struct control_socket *cs, const char *path, const gid_t *group)
{
	struct loop *loop = host_loop(cs->host);
	int err;

	reserve_take(cs);
	err = control_listener_open(&cs->listener, path, group);
	if (err != 0)
		return err;
	cs->event =
		event_new(loop_base(loop), cs->listener.fd, EV_READ | EV_PERSIST, on_accept, cs);
	cs->again = loop_after(loop, 0, on_again, cs);
	return event_add(cs->event, NULL) == 0 ? 0 : -ENOMEM;
}

struct control_socket *control_socket_open(struct host *host, const char *path, const gid_t *group)
{
	struct control_socket *cs = memory_zero(sizeof(*cs));
	int err;

	cs->host = host;
	cs->work = control_work_new(host);
	cs->reserve = -1;
	TAILQ_INIT(&cs->clients);
	cs->has_group = group != NULL;
	cs->group = group != NULL ? *group : 0;
	err = listen_on(cs, path, group);
	if (err == 0)
		return cs;
	control_socket_close(cs);
	errno = -err;
	return NULL;
}

void control_socket_close(struct control_socket *cs)
{
	struct client *client;

	if (cs == NULL)
		return;
	while ((client = TAILQ_FIRST(&cs->clients)) != NULL) {
		struct conn *conn = client->conn;

		client_leave(client);
		conn_free(conn);
	}
	control_work_free(cs->work);
	if (cs->event != NULL)
		event_free(cs->event);
	loop_timer_free(cs->again);
	control_listener_close(&cs->listener);
	if (cs->reserve >= 0)
		close(cs->reserve);
	free(cs);
}

struct control_work *control_socket_clients(const struct control_socket *cs)
{
	return cs->work;
}
