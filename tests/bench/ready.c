/*
 * ready: how long a program takes until it sends READY=1, as it would to systemd.
 *
 *     ready PROGRAM ARGUMENT...
 *
 * Prints the microseconds and ends the program.
 */
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = 60};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[64], text[4096] = "";
	double begun;
	pid_t pid;
	int n;

	if (argc < 2 || fd < 0)
		return EXIT_FAILURE;
	/* An abstract name: no file remains. */
	n = snprintf(name, sizeof(name), "@vigil-bench-ready-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, (size_t)n - 1);
	if (bind(fd, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)) != 0)
		return EXIT_FAILURE;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setenv("NOTIFY_SOCKET", name, 1);
	begun = now();
	if (posix_spawn(&pid, argv[1], NULL, NULL, argv + 1, environ) != 0)
		return EXIT_FAILURE;
	while (n > 0 && strstr(text, "READY=1") == NULL) {
		n = (int)recv(fd, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
	}
	printf("%.0f\n", now() - begun);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
