/*
 * connection: accepts, reads and closes connections, and limits how long each may take.
 *
 * evhttp 2.1 counts neither its connections nor the time that a whole request takes, and its
 * timeouts start again with each byte.  So this file creates the bufferevent of each connection and
 * keeps its own reference to it.  When evhttp frees the bufferevent, its callbacks are removed but
 * the struct remains; has_left recognizes by this that the connection has ended, for whatever
 * reason.  The descriptor is closed with the last reference, so every connection that is counted
 * has an open one.
 *
 * evhttp reads only what framing has checked.  on_input takes each byte that arrives out of the
 * bufferevent's input at once.  When evhttp has answered one request, the head of the next one is
 * put there.
 *
 * A connection that is closed because of what the client sent lingers for LINGER seconds after the
 * reply.  If it were closed at once while the client is still sending, the kernel would reset it,
 * and the client would lose the reply.
 *
 * When all connections are in use, connection_admission.c decides which one is closed for a new
 * one.
 */
#include "connection.h"

#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "address.h"
#include "connection_internal.h"
#include "framing.h"
#include "tls.h"

#define ROUND 1.0 /* seconds between two checks for connections that have ended or are too late */

#define LINGER 2.0 /* seconds that a client may go on sending after the last reply */

/* Connections beyond connections_max: one extra one for /healthz, and new ones until
 * connection_admission.c has decided which connection is closed. */
#define EXTRA 8

/* How many bytes of requests a client may send ahead of the replies. */
#define UNREAD_MAX (64 * 1024)

static void on_round(vigil_daemon *d, void *arg);
static void on_round_soon(vigil_daemon *d, void *arg);
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg);

static void enter(struct connection *connection, enum connection_phase phase)
{
	connection->phase = phase;
	connection->since = vigil_now();
}

/* --- states of a connection ------------------------------------------------------------------- */

static bool has_left(const struct connection *connection)
{
	void *http_conn;

	bufferevent_getcb(connection->bev, NULL, NULL, NULL, &http_conn);
	return http_conn == NULL || connection->phase == CONNECTION_GONE;
}

static void connection_free(struct connection *connection)
{
	if (connection->bev != NULL) {
		LIST_REMOVE(connection, link);
		connection->server->connection_count--;
		admission_forget(connection);
		evbuffer_remove_cb(bufferevent_get_input(connection->bev), on_input, connection);
		bufferevent_decref(connection->bev);
	}
	if (connection->unread != NULL)
		evbuffer_free(connection->unread);
	framing_free(connection->framing);
	free(connection);
}

/* --- the end of a connection ------------------------------------------------------------------ */

static void look_soon(struct server *server)
{
	vigil_cancel(server->d, on_round_soon, server);
	vigil_after(server->d, 0, on_round_soon, server);
}

static void on_linger_end(struct bufferevent *bev, short what, void *arg)
{
	struct connection *connection = arg;

	enter(connection, CONNECTION_GONE);
	look_soon(connection->server);
}

/* Keeps a connection open after evhttp has sent the last reply; what the client still sends is
 * dropped.  Returns false if the connection does not linger and must be freed. */
static bool linger(struct connection *connection)
{
	if (connection->phase == CONNECTION_LINGERING || connection->phase == CONNECTION_GONE ||
		!connection->finished)
		return connection->phase == CONNECTION_LINGERING;
	enter(connection, CONNECTION_LINGERING);
	bufferevent_setcb(connection->bev, NULL, NULL, on_linger_end, connection);
	return bufferevent_enable(connection->bev, EV_READ) == 0;
}

/* Frees the connections that have ended, and accepts new ones again if there is room. */
void connection_clear_away(struct server *server)
{
	struct connection *connection, *next;

	for (connection = LIST_FIRST(&server->connections); connection != NULL; connection = next) {
		next = LIST_NEXT(connection, link);
		if (has_left(connection) && !linger(connection))
			connection_free(connection);
	}
	LIST_FOREACH(connection, &server->connections, link)
		connection->extra =
			connection->extra && server->connection_count > server->limits.connections;
	if (server->accept_paused && connection_has_room(server))
		server->on_room(server);
}

static struct bufferevent *make_bufferevent(struct server *server)
{
	const struct timeval depart = {.tv_sec = (time_t)server->limits.depart + 1};
	struct bufferevent *bev;

	if (server->tls != NULL)
		bev = tls_bufferevent(server);
	else
		bev = bufferevent_socket_new(server->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		return NULL;
	bufferevent_set_timeouts(bev, NULL, &depart);
	return bev;
}

/* --- input ------------------------------------------------------------------------------------ */

/* Puts the head of a request into the input, where evhttp reads it.  If there is no memory, the
 * request is not answered, and request_timeout ends the connection. */
static void put_head(struct connection *connection)
{
	size_t length;
	const char *head = framing_head(connection->framing, &length);

	connection->handing = true;
	if (head != NULL)
		evbuffer_prepend(bufferevent_get_input(connection->bev), head, length);
	connection->handing = false;
}

static void hand_over(struct connection *connection)
{
	connection->answering = true;
	connection->finished = framing_is_last(connection->framing);
	put_head(connection);
}

static void read_requests(struct connection *connection)
{
	struct evbuffer_iovec piece;
	enum framing_result result;
	size_t taken;

	while (!connection->answering && !connection->finished &&
		evbuffer_peek(connection->unread, -1, NULL, &piece, 1) > 0) {
		result = framing_read(connection->framing, piece.iov_base, piece.iov_len, &taken);
		evbuffer_drain(connection->unread, taken);
		if (result != FRAMING_MORE)
			hand_over(connection);
	}
	if (connection->overrun && !connection->answering && !connection->finished) {
		framing_refuse(connection->framing, 400,
			"more than 64 KiB of requests were sent ahead of the answers");
		hand_over(connection);
	}
}

/* Takes all bytes that arrive out of the input before evhttp sees them.  A head that evhttp has not
 * read yet is put back. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
	struct connection *connection = arg;
	size_t head = info->orig_size - info->n_deleted;

	if (connection->handing || info->n_added == 0)
		return;
	connection->overrun |= !connection->finished &&
			       evbuffer_get_length(connection->unread) + info->n_added > UNREAD_MAX;
	connection->handing = true;
	evbuffer_drain(input, head);
	if (connection->finished || connection->overrun ||
		evbuffer_add_buffer(connection->unread, input) < 0)
		evbuffer_drain(input, evbuffer_get_length(input));
	connection->handing = false;
	if (head > 0)
		put_head(connection);
	read_requests(connection);
}

static struct connection *connection_alloc(struct server *server)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->server = server;
	connection->framing = framing_new(&server->limits.framing);
	connection->unread = evbuffer_new();
	if (connection->framing != NULL && connection->unread != NULL)
		connection->bev = make_bufferevent(server);
	if (connection->bev == NULL || evbuffer_add_cb(bufferevent_get_input(connection->bev),
					       on_input, connection) == NULL) {
		if (connection->bev != NULL)
			bufferevent_free(connection->bev);
		connection->bev = NULL;
		connection_free(connection);
		return NULL;
	}
	return connection;
}

struct bufferevent *connection_new(struct server *server)
{
	struct connection *connection;

	connection_clear_away(server);
	connection = connection_alloc(server);
	if (connection == NULL)
		return NULL;
	bufferevent_incref(connection->bev);
	enter(connection, CONNECTION_ASKING);
	if (server->connection_count++ == 0) {
		vigil_cancel(server->d, on_round, server);
		vigil_after(server->d, ROUND, on_round, server);
	}
	LIST_INSERT_HEAD(&server->connections, connection, link);
	/* connection_admission.c runs later, because evhttp sets the descriptor, by which it finds
	 * the peer, only after this function. */
	if (server->connection_count > server->limits.connections)
		look_soon(server);
	return connection->bev;
}

bool connection_has_room(const struct server *server)
{
	return server->connection_count < server->limits.connections + EXTRA;
}

void connection_free_all(struct server *server)
{
	while (!LIST_EMPTY(&server->connections))
		connection_free(LIST_FIRST(&server->connections));
}

/* --- time limits ------------------------------------------------------------------------------ */

void connection_hang_up(struct connection *connection)
{
	/* This looks like a read timeout to evhttp, which then closes the connection. */
	bufferevent_trigger_event(connection->bev, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
}

static bool is_late(const struct connection *connection)
{
	const struct limits *limits = &connection->server->limits;
	double age = vigil_now() - connection->since;

	return (connection->phase == CONNECTION_ASKING && age > limits->arrive) ||
	       (connection->phase == CONNECTION_ANSWERED && age > limits->depart) ||
	       (connection->phase == CONNECTION_LINGERING && age > LINGER) ||
	       (connection->phase == CONNECTION_STAYING && connection->overrun);
}

static void on_round(vigil_daemon *d, void *arg)
{
	struct server *server = arg;
	struct connection *connection;

	connection_clear_away(server);
	LIST_FOREACH(connection, &server->connections, link)
		if (is_late(connection))
			connection_hang_up(connection);
	connection_clear_away(server);
	if (server->connection_count > 0)
		vigil_after(d, ROUND, on_round, server);
}

/* --- a request -------------------------------------------------------------------------------- */

static void on_round_soon(vigil_daemon *d, void *arg)
{
	connection_clear_away(arg);
	admission_settle(arg);
}

static void on_closed(struct evhttp_connection *http_conn, void *arg)
{
	struct connection *connection = arg;
	connection_gone_fn *gone = connection->gone;

	connection->gone = NULL;
	if (gone != NULL)
		gone(connection->gone_arg);
	/* evhttp frees it after this callback; then the connection does not count any more. */
	look_soon(connection->server);
}

static void on_complete(struct evhttp_request *req, void *arg)
{
	struct connection *connection = arg;

	connection->gone = NULL;
	connection->answering = false;
	enter(connection, CONNECTION_ASKING);
	read_requests(connection);
}

struct connection *connection_of(struct server *server, struct evhttp_request *req)
{
	struct evhttp_connection *http_conn = evhttp_request_get_connection(req);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(http_conn);
	struct connection *connection;

	LIST_FOREACH(connection, &server->connections, link)
		if (connection->bev == bev)
			break;
	if (connection == NULL)
		return NULL;
	if (connection == LIST_FIRST(&server->connections))
		admission_settle(server); /* there may be too many connections */
	enter(connection, CONNECTION_ANSWERED);
	evhttp_connection_set_closecb(http_conn, on_closed, connection);
	evhttp_request_set_on_complete_cb(req, on_complete, connection);
	return connection;
}

void connection_work(struct connection *connection, connection_gone_fn *gone, void *arg)
{
	connection->gone = gone;
	connection->gone_arg = arg;
}

void connection_stays(struct connection *connection)
{
	enter(connection, CONNECTION_STAYING);
}

const struct framing_refusal *connection_refusal(const struct connection *connection)
{
	return framing_refusal(connection->framing);
}

char *connection_address(const struct connection *connection, char text[ADDRESS_TEXT])
{
	struct sockaddr_storage sa = {.ss_family = AF_UNIX};
	socklen_t size = sizeof(sa);

	getpeername(bufferevent_getfd(connection->bev), (struct sockaddr *)&sa, &size);
	return address_print_host((struct sockaddr *)&sa, text);
}

size_t connection_pending(const struct connection *connection)
{
	return evbuffer_get_length(bufferevent_get_output(connection->bev));
}
