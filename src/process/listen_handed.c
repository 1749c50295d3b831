/* listen_handed: see listen_handed.h. */
#include "process/listen_handed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDED_FIRST 3 /* the first descriptor that systemd passes */
#define HANDED_MAX   64

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

/* The sockets themselves stay open for the next start of the daemon. */
static int copy_of(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, HANDED_FIRST);

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (copy < 0)
		return -errno;
	fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) | O_NONBLOCK);
	return copy;
}

int listen_handed(const char *name, unsigned skip, char *why, size_t size)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	unsigned n = count != NULL ? (unsigned)strtoul(count, NULL, 10) : 0;
	int fd;

	if (pid == NULL || (pid_t)strtol(pid, NULL, 10) != getpid() || n == 0 || n > HANDED_MAX) {
		snprintf(why, size, "systemd has passed no sockets");
		return -ENOTCONN;
	}
	for (unsigned i = 0; i < n; i++) {
		if (!is_named(getenv("LISTEN_FDNAMES"), i, name) ||
			!is_stream_listener(HANDED_FIRST + (int)i) || skip-- > 0)
			continue;
		fd = copy_of(HANDED_FIRST + (int)i);
		if (fd < 0)
			snprintf(why, size, "%s", strerror(-fd));
		return fd;
	}
	snprintf(why, size, "systemd has passed no socket of this name");
	return -ENOENT;
}

int listen_handed_check(char *why, size_t size)
{
	return 0;
}
