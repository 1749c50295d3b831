/*
 * listen: see listen.h.  The permissions of a UNIX socket decide who may connect to it.
 */
#include "process/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "process/listen_address.h"
#include "process/listen_handed.h"

#define BACKLOG 128

static int make_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Takes ownership of fd, also on failure. */
static int listen_on(struct listen *l, int fd)
{
	int err = listen(fd, BACKLOG) == 0 ? 0 : -errno;

	l->fd = fd;
	if (err != 0)
		listen_close(l);
	return err;
}

static int open_inet(struct listen *l, const struct listen_address *address)
{
	int fd = make_socket(address->sa.ss_family), on = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address->sa, address->size) == 0)
		return listen_on(l, fd);
	err = -errno;
	close(fd);
	return err;
}

/* --- UNIX sockets ----------------------------------------------------------------------------- */

/* Removes a UNIX socket that no process listens on, because bind would fail.  Returns -EADDRINUSE
 * if a process listens on it, or if the path is not a socket. */
static int clear_path(const struct listen_address *address)
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
		return errno != 0 ? -errno : -ESRCH;
	return open_to_group(path, gr->gr_gid);
}

static void note_path(struct listen *l, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	l->path = memory_text(path);
	l->device = st.st_dev;
	l->inode = st.st_ino;
}

static int open_unix(struct listen *l, const struct listen_address *address, const char *group)
{
	int fd, err = clear_path(address);

	if (err != 0)
		return err;
	fd = make_socket(AF_UNIX);
	if (fd < 0)
		return -errno;
	/* Clients can connect from bind on, which takes the mode of the descriptor.  The programs
	 * that workers start meanwhile would inherit an umask. */
	err = fchmod(fd, 0600) < 0 ? -errno : 0;
	if (err == 0 && bind(fd, (const struct sockaddr *)&address->sa, address->size) < 0)
		err = -errno;
	if (err != 0) {
		close(fd);
		return err;
	}
	err = share(address->name, group);
	note_path(l, address->name);
	if (err == 0)
		return listen_on(l, fd);
	l->fd = fd;
	listen_close(l);
	return err;
}

/* --- all -------------------------------------------------------------------------------------- */

int listen_open(struct listen *l, const char *text, const char *group, unsigned skip, char *why,
	size_t size)
{
	struct listen_address address;
	int err = listen_address_parse(text, &address, why, size);

	*l = (struct listen){.fd = -1};
	if (err != 0)
		return err;
	if (address.kind == LISTEN_SYSTEMD) {
		err = listen_handed(address.name, skip, why, size);
		if (err < 0)
			return err;
		l->fd = err;
		return 0;
	}
	err = address.kind == LISTEN_INET ? open_inet(l, &address) : open_unix(l, &address, group);
	if (err != 0)
		snprintf(why, size, "%s%s", err == -ESRCH ? "no such group: " : "",
			err == -ESRCH ? group : strerror(-err));
	return err;
}

void listen_close(struct listen *l)
{
	struct stat st;

	if (l->fd >= 0)
		close(l->fd);
	/* Another process may have replaced the socket. */
	if (l->path != NULL && lstat(l->path, &st) == 0 && st.st_dev == l->device &&
		st.st_ino == l->inode)
		unlink(l->path);
	free(l->path);
	*l = (struct listen){.fd = -1};
}

int listen_check(const char *text, char *why, size_t size)
{
	struct listen_address address;
	int err = listen_address_parse(text, &address, why, size);

	return err != 0 || address.kind != LISTEN_SYSTEMD ? err : listen_handed_check(why, size);
}
