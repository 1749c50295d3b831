/*
 * socket_owner: see socket_owner.h.  This is for an administrator who starts a second vigild
 * manually.  The first one is usually a forgotten service, and its service manager would restart it
 * if it were killed.  The kernel reports the pid of the listening process.  The name of its control
 * group is the systemd unit.  The unit must be one of vigil's own, because a manually started
 * vigild may be in the control group of ssh.service, which must not be stopped.
 */
#include "client/socket_owner.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "process/process.h"

pid_t socket_owner_pid(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred cred = {0};
	socklen_t size = sizeof(cred);
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return 0;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		cred.pid = 0;
	close(fd);
	return cred.pid;
}

/* Checks the name of the unit, because it is displayed as part of a command, and a user with a
 * delegated control group can choose the names of the groups below it. */
static bool take_unit(const char *line, size_t length, char *unit, size_t size)
{
	static const char suffix[] = ".service";
	const char *name = memrchr(line, '/', length);
	size_t n = name != NULL ? (size_t)(line + length - ++name) : 0, tail = strlen(suffix);

	if (n <= tail || n - tail >= size || strncmp(name, "vigil", 5) != 0 ||
		strncmp(name + n - tail, suffix, tail) != 0)
		return false;
	memcpy(unit, name, n - tail);
	unit[n - tail] = '\0';
	return text_is_service_name(unit);
}

bool socket_owner_unit(const char *text, char *unit, size_t size)
{
	const char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1)
		if (take_unit(text, (size_t)(end - text), unit, size))
			return true;
	unit[0] = '\0';
	return false;
}

static bool find_unit(pid_t pid, char *unit, size_t size)
{
	char path[32], text[8192];

	snprintf(path, sizeof(path), "/proc/%ld/cgroup", (long)pid);
	process_read_file(AT_FDCWD, path, text, sizeof(text));
	return socket_owner_unit(text, unit, size);
}

char *socket_owner_stop(pid_t pid, char *buf, size_t size)
{
	char unit[128];

	if (find_unit(pid, unit, sizeof(unit)))
		snprintf(buf, size, "systemctl stop %s", unit);
	else
		snprintf(buf, size, "kill %ld", (long)pid);
	return buf;
}
