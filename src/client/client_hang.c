/*
 * client_hang: see client_hang.h.  The kernel reports the pid of vigild, and vigild keeps the crash
 * marker open, so its path is found below /proc/PID/fd.  Only root and vigild's own user may look
 * there.
 */
#include "client/client_hang.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "client/client.h"
#include "persist/crash_marker.h"

static pid_t peer_pid(const struct client *client)
{
	struct ucred cred = {0};
	socklen_t size = sizeof(cred);

	if (getsockopt(client_fd(client), SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return 0;
	return cred.pid;
}

/* Opens the crash marker of a process.  Returns a descriptor, or -1. */
static int open_marker(pid_t pid)
{
	static const char file[] = "/" CRASH_MARKER_FILE;
	char dir[64], target[PATH_MAX];
	struct dirent *entry;
	int fd = -1;
	ssize_t n;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%ld/fd", (long)pid);
	fds = opendir(dir);
	while (fds != NULL && fd < 0 && (entry = readdir(fds)) != NULL) {
		n = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (n >= (ssize_t)sizeof(file) &&
			strcmp(target + n - (sizeof(file) - 1), file) == 0)
			fd = openat(dirfd(fds), entry->d_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (fds != NULL)
		closedir(fds);
	return fd;
}

char *client_hang_error(const struct client *client, int err, char *text, size_t size)
{
	pid_t pid = err == ETIMEDOUT ? peer_pid(client) : 0;
	int fd = pid > 0 ? open_marker(pid) : -1;
	char name[CRASH_MARKER_NAME];
	double seconds;

	snprintf(text, size, "%s", client_error(err));
	if (fd >= 0 && crash_marker_peek(fd, name, &seconds) && text_is_daemon_name(name))
		snprintf(text, size,
			"%s; vigild (pid %ld) has been in a callback of the daemon %s for %.0f s",
			client_error(err), (long)pid, name, seconds);
	if (fd >= 0)
		close(fd);
	return text;
}
