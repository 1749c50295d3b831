/*
 * listener: see listener.h.  Each listener has its own evhttp, so that a request shows which
 * listener accepted it.  The Host header of the request is checked against the address of that
 * listener.  The permissions of a UNIX socket decide who may connect to it.
 */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "address.h"
#include "connection.h"

#define BACKLOG      128
#define HANDED_FIRST 3 /* the first descriptor that systemd passes */
#define HANDED_MAX   64
#define PAUSE        1.0 /* seconds after accept failed; without a pause the loop would spin */

struct listener {
	struct server *server;
	struct sockaddr_storage sa;
	socklen_t size;
	char *path; /* of a UNIX socket that listener_free removes; else NULL */
	dev_t dev;
	ino_t ino;
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
	struct stat st;

	if (listener->evconn != NULL)
		LIST_REMOVE(listener, link_all);
	if (listener->http != NULL)
		evhttp_free(listener->http);
	/* Removes only the socket that this listener made, because another process may have
	 * replaced it. */
	if (listener->path != NULL && lstat(listener->path, &st) == 0 &&
		st.st_dev == listener->dev && st.st_ino == listener->ino)
		unlink(listener->path);
	free(listener->path);
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

/* Listens on a bound socket.  Takes ownership of fd, also on failure. */
static int listen_on(struct listener *listener, int fd)
{
	struct evconnlistener *evconn;
	int on = 1;

	/* Connections inherit this option.  Over TLS the header and the body are two writes, and
	 * without this option the kernel delays the second one until the client has acknowledged
	 * the first. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	evconn = evconnlistener_new(listener->server->base, NULL, NULL,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (evconn == NULL) {
		int err = -errno;

		close(fd);
		return err;
	}
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

/* Takes ownership of fd, also on failure.  path: the UNIX socket to be removed later, or NULL. */
static int listener_new(struct server *server, int fd, const char *path)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	struct stat st;
	int err;

	if (listener == NULL) {
		close(fd);
		return -ENOMEM;
	}
	listener->server = server;
	listener->size = sizeof(listener->sa);
	getsockname(fd, (struct sockaddr *)&listener->sa, &listener->size);
	if (path != NULL && lstat(path, &st) == 0) {
		listener->path = strdup(path);
		listener->dev = st.st_dev;
		listener->ino = st.st_ino;
	}
	listener->http = make_http(listener);
	if (listener->http != NULL) {
		err = listen_on(listener, fd);
	} else {
		close(fd);
		err = -ENOMEM;
	}
	if (err == 0)
		TAILQ_INSERT_TAIL(&server->listeners, listener, link);
	else
		listener_free(listener);
	return err;
}

/* --- opening by kind of address --------------------------------------------------------------- */

static int make_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int open_inet(struct server *server, const struct address *address)
{
	int fd = make_socket(address->sa.ss_family), on = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address->sa, address->size) == 0)
		return listener_new(server, fd, NULL);
	err = -errno;
	close(fd);
	return err;
}

/* Removes a UNIX socket that no process listens on, because bind would fail.  Returns -EADDRINUSE
 * if a process listens on it, or if the path is not a socket. */
static int clear_path(const struct address *address)
{
	struct stat st;
	int fd, err;

	if (lstat(address->name, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	fd = make_socket(AF_UNIX);
	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)&address->sa, address->size) == 0 ? 0 : errno;
	close(fd);
	if (err != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->name) == 0 ? 0 : -errno;
}

/* Sets the group and the mode of the socket by a descriptor, because the owner of the directory can
 * replace the path by a link. */
static int open_to_group(const char *path, gid_t group)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), err = 0;
	char same[32];
	struct stat st;

	if (fd < 0)
		return -errno;
	snprintf(same, sizeof(same), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
		err = -EEXIST;
	else if (fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 ||
		 chmod(same, 0660) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* The socket is for vigild's user alone, or for a group as well. */
static int share(const char *path, const char *group)
{
	struct group *gr;

	if (group == NULL)
		return 0;
	errno = 0;
	gr = getgrnam(group);
	if (gr == NULL)
		return errno != 0 ? -errno : -ENOENT;
	return open_to_group(path, gr->gr_gid);
}

static int open_unix(struct server *server, const struct address *address)
{
	int fd, err = clear_path(address);
	mode_t mask;

	if (err != 0)
		return err;
	fd = make_socket(AF_UNIX);
	if (fd < 0)
		return -errno;
	mask = umask(0177); /* clients can connect from bind on */
	err = bind(fd, (const struct sockaddr *)&address->sa, address->size) < 0 ? -errno : 0;
	umask(mask);
	if (err != 0) {
		close(fd);
		return err;
	}
	err = share(address->name, vigil_option_text(server->d, "socket_group"));
	if (err == 0)
		return listener_new(server, fd, address->name);
	close(fd);
	unlink(address->name);
	return err;
}

/* --- sockets from systemd --------------------------------------------------------------------- */

static bool is_named(const char *names, unsigned index, const char *name)
{
	size_t length;

	if (name[0] == '\0')
		return true;
	while (names != NULL && index-- > 0) {
		names = strchr(names, ':');
		names = names != NULL ? names + 1 : NULL;
	}
	if (names == NULL)
		return false;
	length = strcspn(names, ":");
	return length == strlen(name) && strncmp(names, name, length) == 0;
}

static bool is_stream_listener(int fd)
{
	int type = 0, listens = 0;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

/* Listens on copies of the sockets from systemd.  The sockets themselves stay open for the next
 * start of this daemon. */
static int open_handed(struct server *server, const struct address *address)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	unsigned n = count != NULL ? (unsigned)strtoul(count, NULL, 10) : 0, opened = 0;

	if (pid == NULL || (pid_t)strtol(pid, NULL, 10) != getpid() || n == 0 || n > HANDED_MAX)
		return -ENOTCONN;
	for (unsigned i = 0; i < n; i++) {
		int fd = HANDED_FIRST + (int)i, copy, err;

		if (!is_named(getenv("LISTEN_FDNAMES"), i, address->name) ||
			!is_stream_listener(fd))
			continue;
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		copy = fcntl(fd, F_DUPFD_CLOEXEC, HANDED_FIRST);
		if (copy < 0)
			return -errno;
		evutil_make_socket_nonblocking(copy);
		err = listener_new(server, copy, NULL);
		if (err != 0)
			return err;
		opened++;
	}
	return opened > 0 ? 0 : -ENOENT;
}

/* --- all addresses ---------------------------------------------------------------------------- */

static int open_one(struct server *server, const char *text)
{
	typedef int open_fn(struct server * server, const struct address *address);
	static open_fn *const openers[] = {
		[ADDRESS_INET] = open_inet,
		[ADDRESS_UNIX] = open_unix,
		[ADDRESS_SYSTEMD] = open_handed,
	};
	struct address address;
	char why[128];
	int err;

	if (address_parse(text, &address, why, sizeof(why)) != 0)
		return vigil_fail(server->d, "listen: \"%.100s\": %s", text, why);
	err = openers[address.kind](server, &address);
	if (err == -ENOTCONN && address.kind == ADDRESS_SYSTEMD)
		return vigil_fail(server->d, "listen: systemd has passed no sockets");
	if (err == -ENOENT && address.kind == ADDRESS_SYSTEMD)
		return vigil_fail(
			server->d, "listen: systemd has passed no socket for %.100s", text);
	if (err != 0)
		return vigil_fail(server->d, "listen: %.100s: %s", text, strerror(-err));
	return 0;
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
