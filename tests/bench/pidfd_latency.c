/*
 * pidfd_latency: how long it takes from kill -9 until vigild's watch of a process calls back in the
 * loop, compared with a poll of a pidfd alone.
 *
 *     pidfd_latency KILLS
 *
 * Prints two numbers of microseconds in each line: that of vigil and that of the poll, each for a
 * process of its own.
 */
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loop/loop.h"
#include "process/pidfd.h"

extern char **environ;

static double told;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static pid_t begin(void)
{
	char *argv[] = {(char *)"sleep", (char *)"1000", NULL};
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0)
		exit(EXIT_FAILURE);
	usleep(5000); /* until it has started and the machine is idle */
	return pid;
}

static void on_end(void *arg)
{
	told = now();
}

static double by_sight(struct loop *loop)
{
	pid_t pid = begin();
	struct pidfd_watch *watch = pidfd_watch_open(loop, pid, on_end, NULL);
	double begun = now();

	if (watch == NULL)
		exit(EXIT_FAILURE);
	told = 0;
	kill(pid, SIGKILL);
	while (told == 0)
		loop_run_once(loop, true);
	pidfd_watch_close(watch);
	waitpid(pid, NULL, 0);
	return told - begun;
}

static double by_poll(void)
{
	pid_t pid = begin();
	struct pollfd fd = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	double begun = now(), ended;

	kill(pid, SIGKILL);
	poll(&fd, 1, -1);
	ended = now();
	close(fd.fd);
	waitpid(pid, NULL, 0);
	return ended - begun;
}

int main(int argc, char **argv)
{
	struct loop *loop = loop_new();

	if (argc != 2 || loop == NULL)
		return EXIT_FAILURE;
	for (int left = atoi(argv[1]); left > 0; left--) {
		double vigil = by_sight(loop);

		printf("%.0f %.0f\n", vigil, by_poll());
	}
	loop_free(loop);
	return EXIT_SUCCESS;
}
