/*
 * listener: see listener.h.  Each listener has its own evhttp, so that a request shows which
 * listener accepted it.  The Host header of the request is checked against the address of that
 * listener.  The sockets are those of vigil_listen, and vigild closes them.
 */
#include "listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "connection.h"

#define PAUSE 1.0 /* seconds after accept failed; without a pause the loop would spin */

struct listener {
	struct server *server;
	struct sockaddr_storage sa;
	socklen_t size;
	struct evhttp *http;
	struct evconnlistener *evconn; /* owned by http */
	TAILQ_ENTRY(listener) link;    /* in server->listeners */
	LIST_ENTRY(listener) link_all;
};

/* The listeners of every daemon of this module.  on_accept_error searches them, because libevent
 * calls it with evhttp's argument and not with the listener. */
static LIST_HEAD(, listener) all_listeners = LIST_HEAD_INITIALIZER(all_listeners);

struct listener *listener_next(const struct server *server, const struct listener *listener)
{
	return listener != NULL ? TAILQ_NEXT(listener, link) : TAILQ_FIRST(&server->listeners);
}

socklen_t listener_address_size(const struct listener *listener)
{
	return listener->size;
}

const struct sockaddr *listener_address(const struct listener *listener)
{
	return (const struct sockaddr *)&listener->sa;
}

struct server *listener_server(const struct listener *listener)
{
	return listener->server;
}

/* --- accepting connections -------------------------------------------------------------------- */

static void shut_all(struct server *server)
{
	struct listener *listener;

	server->accept_paused = true;
	TAILQ_FOREACH(listener, &server->listeners, link)
		evconnlistener_disable(listener->evconn);
}

static void open_all(struct server *server)
{
	struct listener *listener;

	server->accept_paused = false;
	TAILQ_FOREACH(listener, &server->listeners, link)
		evconnlistener_enable(listener->evconn);
}

static void on_pause_over(vigil_daemon *d, void *arg)
{
	struct server *server = arg;

	if (connection_has_room(server))
		open_all(server);
}

static void on_accept_error(struct evconnlistener *evconn, void *arg)
{
	int err = EVUTIL_SOCKET_ERROR();
	struct listener *listener;
	struct server *server;

	LIST_FOREACH(listener, &all_listeners, link_all)
		if (listener->evconn == evconn)
			break;
	if (listener == NULL)
		return;
	server = listener->server;
	vigil_error(server->d, "no connection can be accepted: %s", strerror(err));
	shut_all(server);
	vigil_cancel(server->d, on_pause_over, server);
	vigil_after(server->d, PAUSE, on_pause_over, server);
}

static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct server *server = ((struct listener *)arg)->server;
	struct bufferevent *bev = connection_new(server);

	if (!connection_has_room(server))
		shut_all(server);
	return bev;
}

/* --- opening and freeing ---------------------------------------------------------------------- */

static void listener_free(struct listener *listener)
{
	if (listener->evconn != NULL)
		LIST_REMOVE(listener, link_all);
	if (listener->http != NULL)
		evhttp_free(listener->http);
	free(listener);
}

void listener_free_all(struct server *server)
{
	struct listener *listener;

	while ((listener = TAILQ_FIRST(&server->listeners)) != NULL) {
		TAILQ_REMOVE(&server->listeners, listener, link);
		listener_free(listener);
	}
}

static int listen_on(struct listener *listener, int fd)
{
	struct evconnlistener *evconn;
	int on = 1;

	/* Connections inherit this option.  Over TLS the header and the body are two writes, and
	 * without this option the kernel delays the second one until the client has acknowledged
	 * the first. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	evconn = evconnlistener_new(
		listener->server->base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (evconn == NULL)
		return -errno;
	if (evhttp_bind_listener(listener->http, evconn) == NULL) {
		evconnlistener_free(evconn);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(evconn, on_accept_error);
	listener->evconn = evconn;
	LIST_INSERT_HEAD(&all_listeners, listener, link_all);
	return 0;
}

static struct evhttp *make_http(struct listener *listener)
{
	const struct limits *limits = &listener->server->limits;
	struct evhttp *http = evhttp_new(listener->server->base);

	if (http == NULL)
		return NULL;
	/* framing enforces the limits; the head that it makes can be longer than the head that was
	 * received. */
	evhttp_set_max_headers_size(http, (ev_ssize_t)(2 * limits->framing.head + 512));
	evhttp_set_max_body_size(http, 0);
	evhttp_set_allowed_methods(http, 0xffff); /* turn_away replies with 405 */
	evhttp_set_bevcb(http, on_accept, listener);
	evhttp_set_gencb(http, listener->server->on_request, listener);
	return http;
}

static int listener_new(struct server *server, int fd)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int err;

	if (listener == NULL)
		return -ENOMEM;
	listener->server = server;
	listener->size = sizeof(listener->sa);
	getsockname(fd, (struct sockaddr *)&listener->sa, &listener->size);
	listener->http = make_http(listener);
	err = listener->http != NULL ? listen_on(listener, fd) : -ENOMEM;
	if (err == 0)
		TAILQ_INSERT_TAIL(&server->listeners, listener, link);
	else
		listener_free(listener);
	return err;
}

/* systemd may have passed several sockets for one address. */
static int open_one(struct server *server, const char *text)
{
	const vigil_listen_spec spec = {.size = sizeof(spec),
		.address = text,
		.group = vigil_option_text(server->d, "socket_group")};
	bool several = strncmp(text, "systemd", strlen("systemd")) == 0;
	int fd = vigil_listen(server->d, &spec), err = fd < 0 ? fd : 0;

	while (fd >= 0 && err == 0) {
		err = listener_new(server, fd);
		fd = err == 0 && several ? vigil_listen(server->d, &spec) : -ENOENT;
	}
	return err;
}

int listener_open(struct server *server, const char *const *addresses)
{
	int err = 0;

	server->on_room = open_all;
	if (addresses[0] == NULL)
		return vigil_fail(server->d, "listen: no address is given");
	for (; err == 0 && *addresses != NULL; addresses++)
		err = open_one(server, *addresses);
	return err;
}
