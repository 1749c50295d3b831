/* control_listener: see control_listener.h. */
#include "control/control_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

static int address_of(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

static bool is_answered(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* EAGAIN: the backlog is full, so another process is listening. */
	bool answers =
		fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
				   errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return answers;
}

/* Removes the socket that a killed vigild left behind, and no other file. */
static int remove_stale_socket(const char *path, const struct sockaddr_un *address)
{
	uint64_t began = 0;
	struct stat st;
	bool answers;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode)) {
		log_error(
			"%s exists and is not a socket; move it, or set another path with socket =",
			path);
		return -EEXIST;
	}
	do
		answers = is_answered(address);
	while (answers && clock_try_again(&began));
	if (answers) {
		log_error("another vigild answers on %s; stop that vigild, or set another path "
			  "with socket =",
			path);
		return -EADDRINUSE;
	}
	return unlink(path) < 0 ? -errno : 0;
}

/* Gives the group access to the socket.  An ordinary user cannot change the group of a file to any
 * group, but a new file may already have the right one.  The descriptor is used instead of the
 * path, because the owner of the directory could replace the path with a symbolic link. */
static int open_to_group(int fd, gid_t now, gid_t group)
{
	char path[32];

	if (now != group &&
		fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, 0660) < 0 ? -errno : 0;
}

/* Records the identity of our socket, and gives the group access. */
static int know_own(struct control_listener *listener, const gid_t *group)
{
	int fd = open(listener->path, O_PATH | O_NOFOLLOW | O_CLOEXEC), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		close(fd);
		return -EEXIST; /* another process has replaced the socket */
	}
	listener->dev = st.st_dev;
	listener->ino = st.st_ino;
	if (group != NULL)
		err = open_to_group(fd, st.st_gid, *group);
	if (err != 0)
		log_warn("the group cannot be given access to %s: %s", listener->path,
			strerror(-err));
	close(fd);
	return 0;
}

/* Binds with a mode that gives no other user access.  The group gets access afterwards. */
static int bind_closed(
	struct control_listener *listener, const struct sockaddr_un *address, const gid_t *group)
{
	int err = fchmod(listener->fd, 0600) < 0 ? -errno : 0; /* bind takes this mode */

	if (err == 0 && bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		err = -errno;
	if (err == 0)
		err = know_own(listener, group);
	if (err != 0)
		return err;
	return listen(listener->fd, 128) < 0 ? -errno : 0;
}

int control_listener_open(struct control_listener *listener, const char *path, const gid_t *group)
{
	struct sockaddr_un address;
	int err = address_of(path, &address);

	*listener = (struct control_listener){.fd = -1, .path = memory_text(path)};
	if (err == 0)
		err = remove_stale_socket(path, &address);
	if (err != 0)
		return err;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -errno;
	err = bind_closed(listener, &address, group);
	if (err != 0)
		log_error("%s: %s", path, strerror(-err));
	return err;
}

void control_listener_close(struct control_listener *listener)
{
	struct stat st;

	if (listener->ino != 0 && lstat(listener->path, &st) == 0 && st.st_ino == listener->ino &&
		st.st_dev == listener->dev)
		unlink(listener->path);
	if (listener->fd >= 0)
		close(listener->fd);
	free(listener->path);
}
