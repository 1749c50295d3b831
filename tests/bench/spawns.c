/*
 * spawns: the least that it costs to run a plugin regularly.  Runs a program COUNT times, evenly in
 * SECONDS, with posix_spawn, reads what it prints and waits for its end.
 *
 *     spawns COUNT SECONDS PROGRAM [ARGUMENT...]
 *
 * Prints the nanoseconds of CPU time of this program, and those of the programs that it ran.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int run(char **argv)
{
	posix_spawn_file_actions_t actions;
	char text[4096];
	int ends[2], status, err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	err = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while (err == 0 && read(ends[0], text, sizeof(text)) > 0)
		;
	close(ends[0]);
	return err == 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	double begun = now(CLOCK_MONOTONIC), own = now(CLOCK_PROCESS_CPUTIME_ID);
	struct rusage u;
	long count;

	if (argc < 4)
		return EXIT_FAILURE;
	count = atol(argv[1]);
	for (long i = 0; i < count; i++) {
		double due = begun + (double)i * atof(argv[2]) * 1e9 / (double)count;
		const struct timespec ts = {.tv_sec = (time_t)(due / 1e9),
			.tv_nsec = (long)(due - (double)(time_t)(due / 1e9) * 1e9)};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		if (run(argv + 3) != 0)
			return EXIT_FAILURE;
	}
	own = now(CLOCK_PROCESS_CPUTIME_ID) - own;
	getrusage(RUSAGE_CHILDREN, &u);
	printf("%.0f %.0f\n", own,
		((double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec) * 1e9 +
			((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) * 1e3);
	return EXIT_SUCCESS;
}
