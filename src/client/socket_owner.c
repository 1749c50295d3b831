/*
 * socket_owner: which process holds a control socket, and how it is stopped.
 *
 * For whoever starts a second vigild by hand: the first is as a rule a service that was
 * forgotten, and one that is killed would be started anew by its manager.  The kernel knows who
 * listens; the control group's name tells the unit that systemd runs it as.  It must be one of
 * vigil's own: a vigild that was begun by hand may live in the group of ssh.service, which nobody
 * should be told to stop.
 */
#include "client/socket_owner.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

pid_t holder_of(const char *path)
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

/* "0::/system.slice/vigil.service" names the unit, below which no other control group is. */
static bool find_unit(pid_t pid, char *unit, size_t size)
{
	char path[32], line[512], *name, *dot;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/cgroup", (long)pid);
	file = fopen(path, "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		name = strrchr(line, '/');
		dot = name != NULL ? strrchr(name, '.') : NULL;
		found = dot != NULL && strcmp(dot, ".service") == 0 &&
			strncmp(name + 1, "vigil", 5) == 0;
		if (found)
			snprintf(unit, size, "%.*s", (int)(dot - name - 1), name + 1);
	}
	if (file != NULL)
		fclose(file);
	return found;
}

char *holder_stop(pid_t pid, char *buf, size_t size)
{
	char unit[128];

	if (find_unit(pid, unit, sizeof(unit)))
		snprintf(buf, size, "systemctl stop %s", unit);
	else
		snprintf(buf, size, "kill %ld", (long)pid);
	return buf;
}
