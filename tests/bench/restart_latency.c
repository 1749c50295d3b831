/*
 * restart_latency: how long it takes from the death of a service until it runs again, whichever
 * program restarts it.
 *
 *     restart_latency FIFO KILLS MILLISECONDS
 *
 * The service writes its pid and a newline into the FIFO when it starts. It is killed KILLS times,
 * MILLISECONDS after each start. Prints the microseconds of each restart.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 60000 /* milliseconds */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static pid_t next_pid(int fifo)
{
	struct pollfd fd = {.fd = fifo, .events = POLLIN};
	char text[64];
	ssize_t n;
	pid_t pid;

	if (poll(&fd, 1, PATIENCE) <= 0 || (n = read(fifo, text, sizeof(text) - 1)) <= 0) {
		fprintf(stderr, "the service does not run again\n");
		exit(EXIT_FAILURE);
	}
	text[n] = '\0';
	pid = (pid_t)atoi(text);
	if (pid <= 1)
		exit(EXIT_FAILURE);
	return pid;
}

int main(int argc, char **argv)
{
	int fifo = argc == 4 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	double begun;
	pid_t pid;

	if (fifo < 0)
		return EXIT_FAILURE;
	pid = next_pid(fifo);
	for (int left = atoi(argv[2]); left > 0; left--) {
		usleep((useconds_t)(atof(argv[3]) * 1000));
		begun = now();
		if (kill(pid, SIGKILL) != 0) {
			fprintf(stderr, "process %d: %s\n", (int)pid, strerror(errno));
			return EXIT_FAILURE;
		}
		pid = next_pid(fifo);
		printf("%.0f\n", now() - begun);
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}
