/*
 * door: a socket that is listened on.
 *
 * Each address has an evhttp of its own, so that a request tells by which door it came: the name
 * that it was sent to is checked against that door's address, and where the door is a file, whoever
 * may open it has come in already.
 */
#include "door.h"

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
#include "guest.h"

#define BACKLOG      128
#define HANDED_FIRST 3 /* as systemd hands them over */
#define HANDED_MAX   64
#define PAUSE        1.0 /* after running out of descriptors; accepting at once would spin */

struct door {
	struct site *site;
	struct sockaddr_storage sa;
	socklen_t size;
	char *path; /* of a socket in the file system that is ours to remove */
	dev_t dev;
	ino_t ino;
	struct evhttp *http;
	struct evconnlistener *listener; /* http's own */
	TAILQ_ENTRY(door) link;          /* of its site */
	LIST_ENTRY(door) link_all;
};

/* Of every daemon of this module: an error is told with evhttp's argument, not with ours. */
static LIST_HEAD(, door) all_doors = LIST_HEAD_INITIALIZER(all_doors);

struct door *door_next(const struct site *site, const struct door *door)
{
	return door != NULL ? TAILQ_NEXT(door, link) : TAILQ_FIRST(&site->doors);
}

socklen_t door_address_size(const struct door *door)
{
	return door->size;
}

const struct sockaddr *door_address(const struct door *door)
{
	return (const struct sockaddr *)&door->sa;
}

struct site *door_site(const struct door *door)
{
	return door->site;
}

/* --- newcomers -------------------------------------------------------------------------------- */

void door_shut_all(struct site *site)
{
	struct door *door;

	site->doors_shut = true;
	TAILQ_FOREACH(door, &site->doors, link)
	evconnlistener_disable(door->listener);
}

void door_open_all(struct site *site)
{
	struct door *door;

	site->doors_shut = false;
	TAILQ_FOREACH(door, &site->doors, link)
	evconnlistener_enable(door->listener);
}

static void on_pause_over(vigil_daemon *d, void *arg)
{
	struct site *site = arg;

	if (guest_has_room(site))
		door_open_all(site);
}

static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	int err = EVUTIL_SOCKET_ERROR();
	struct door *door;
	struct site *site;

	LIST_FOREACH(door, &all_doors, link_all)
	if (door->listener == listener)
		break;
	if (door == NULL)
		return;
	site = door->site;
	vigil_error(site->d, "no connection can be taken: %s", strerror(err));
	door_shut_all(site);
	vigil_cancel(site->d, on_pause_over, site);
	vigil_after(site->d, PAUSE, on_pause_over, site);
}

static struct bufferevent *on_newcomer(struct event_base *base, void *arg)
{
	return guest_new(((struct door *)arg)->site);
}

/* --- making one --------------------------------------------------------------------------------- */

static void door_free(struct door *door)
{
	struct stat st;

	if (door->listener != NULL)
		LIST_REMOVE(door, link_all);
	if (door->http != NULL)
		evhttp_free(door->http);
	/* Only the socket that we made: another may have taken the path since. */
	if (door->path != NULL && lstat(door->path, &st) == 0 && st.st_dev == door->dev &&
		st.st_ino == door->ino)
		unlink(door->path);
	free(door->path);
	free(door);
}

void door_free_all(struct site *site)
{
	struct door *door;

	while ((door = TAILQ_FIRST(&site->doors)) != NULL) {
		TAILQ_REMOVE(&site->doors, door, link);
		door_free(door);
	}
}

/* Takes over the descriptor of a bound socket. */
static int listen_on(struct door *door, int fd)
{
	struct evconnlistener *listener;
	int on = 1;

	/* Connections inherit it.  Over TLS header and body are two writes, and without it the kernel
	 * keeps the second back until the client has acknowledged the first. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	listener = evconnlistener_new(door->site->base, NULL, NULL,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (listener == NULL) {
		int err = -errno;

		close(fd);
		return err;
	}
	if (evhttp_bind_listener(door->http, listener) == NULL) {
		evconnlistener_free(listener);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(listener, on_accept_error);
	door->listener = listener;
	LIST_INSERT_HEAD(&all_doors, door, link_all);
	return 0;
}

static struct evhttp *make_http(struct door *door)
{
	const struct limits *limits = &door->site->limits;
	struct evhttp *http = evhttp_new(door->site->base);

	if (http == NULL)
		return NULL;
	/* framing keeps the limits; the head that it makes can be longer than the one that came. */
	evhttp_set_max_headers_size(http, (ev_ssize_t)(2 * limits->framing.head + 512));
	evhttp_set_max_body_size(http, 0);
	evhttp_set_allowed_methods(http, 0xffff); /* 405 is ours to say */
	evhttp_set_bevcb(http, on_newcomer, door);
	evhttp_set_gencb(http, site_on_request, door);
	return http;
}

/* Takes over the descriptor; path: the file it made, or NULL. */
static int door_new(struct site *site, int fd, const char *path)
{
	struct door *door = calloc(1, sizeof(*door));
	struct stat st;
	int err;

	if (door == NULL) {
		close(fd);
		return -ENOMEM;
	}
	door->site = site;
	door->size = sizeof(door->sa);
	getsockname(fd, (struct sockaddr *)&door->sa, &door->size);
	if (path != NULL && lstat(path, &st) == 0) {
		door->path = strdup(path);
		door->dev = st.st_dev;
		door->ino = st.st_ino;
	}
	door->http = make_http(door);
	if (door->http != NULL) {
		err = listen_on(door, fd);
	} else {
		close(fd);
		err = -ENOMEM;
	}
	if (err == 0)
		TAILQ_INSERT_TAIL(&site->doors, door, link);
	else
		door_free(door);
	return err;
}

/* --- by address ------------------------------------------------------------------------------------ */

static int make_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int open_inet(struct site *site, const struct address *address)
{
	int fd = make_socket(address->sa.ss_family), on = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address->sa, address->size) == 0)
		return door_new(site, fd, NULL);
	err = -errno;
	close(fd);
	return err;
}

/* A socket that nobody listens on any more is in the way of a new one.  -EADDRINUSE where
 * somebody does, or where something else lies there. */
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

/* By the descriptor: whoever owns the directory can put a link in the place of the path. */
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

/* For us alone, or for a group as well. */
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

static int open_unix(struct site *site, const struct address *address)
{
	int fd, err = clear_path(address);
	mode_t mask;

	if (err != 0)
		return err;
	fd = make_socket(AF_UNIX);
	if (fd < 0)
		return -errno;
	mask = umask(0177); /* it is open from bind on */
	err = bind(fd, (const struct sockaddr *)&address->sa, address->size) < 0 ? -errno : 0;
	umask(mask);
	if (err != 0) {
		close(fd);
		return err;
	}
	err = share(address->name, vigil_option_text(site->d, "socket_group"));
	if (err == 0)
		return door_new(site, fd, address->name);
	close(fd);
	unlink(address->name);
	return err;
}

/* --- handed over ------------------------------------------------------------------------------------- */

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

/* The descriptors stay as they are for the next start of this daemon; copies are listened on. */
static int open_handed(struct site *site, const struct address *address)
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
		err = door_new(site, copy, NULL);
		if (err != 0)
			return err;
		opened++;
	}
	return opened > 0 ? 0 : -ENOENT;
}

/* --- all of them --------------------------------------------------------------------------------------- */

static int open_one(struct site *site, const char *text)
{
	typedef int open_fn(struct site * site, const struct address *address);
	static open_fn *const openers[] = {
		[ADDRESS_INET] = open_inet,
		[ADDRESS_UNIX] = open_unix,
		[ADDRESS_SYSTEMD] = open_handed,
	};
	struct address address;
	char why[128];
	int err;

	if (address_parse(text, &address, why, sizeof(why)) != 0)
		return vigil_refuse(site->d, "listen: \"%.100s\": %s", text, why);
	err = openers[address.kind](site, &address);
	if (err == -ENOTCONN && address.kind == ADDRESS_SYSTEMD)
		return vigil_refuse(site->d, "listen: systemd has handed no sockets over");
	if (err == -ENOENT && address.kind == ADDRESS_SYSTEMD)
		return vigil_refuse(
			site->d, "listen: of the sockets handed over, none is for %.100s", text);
	if (err != 0)
		return vigil_refuse(site->d, "listen: %.100s: %s", text, strerror(-err));
	return 0;
}

int door_open(struct site *site, const char *const *addresses)
{
	int err = 0;

	if (addresses[0] == NULL)
		return vigil_refuse(site->d, "listen: there is no address");
	for (; err == 0 && *addresses != NULL; addresses++)
		err = open_one(site, *addresses);
	return err;
}
