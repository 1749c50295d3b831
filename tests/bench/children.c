/*
 * children: what it costs to start a process with vigil's child.c, compared with posix_spawn of the
 * same program alone, and for how long the caller waits, with little memory and with much.
 *
 *     children ROUNDS
 *
 * Prints `name metric value reference ratio`; values are typical of ROUNDS rounds. Each round has
 * all the ways of starting a process, one after the other, because the speed of the machine varies
 * from second to second.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/child.h"
#include "loop/loop.h"

#define PROGRAM    "/bin/true"
#define EACH       10 /* processes in a round */
#define ROUNDS_MAX 1000
#define MUCH       (500UL << 20)

extern char **environ;

static struct loop *loop;
static unsigned ended;

static void check(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static double now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* --- the ways to start one: each returns how long the start itself took, in microseconds ------ */

static void on_exit_told(struct child *child, const vigil_child_exit *e, void *arg)
{
	ended += e->status == 0;
	child_free(child);
}

static double by_vigil(void)
{
	static const char *const argv[] = {PROGRAM, NULL};
	const struct child_spec spec = {
		.spawn = {.argv = argv}, .timeout = 10 * CLOCK_SECOND, .on_exit = on_exit_told};
	unsigned before = ended;
	struct child *child;
	double begun = now(CLOCK_MONOTONIC), took;

	check(child_start(loop, &spec, &child) == 0, "child_start");
	took = now(CLOCK_MONOTONIC) - begun;
	while (ended == before)
		loop_run_once(loop, true);
	return took;
}

static void reap(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0) == pid && status == 0, "waitpid");
}

static double by_spawn(void)
{
	char *argv[] = {(char *)PROGRAM, NULL};
	double begun = now(CLOCK_MONOTONIC), took;
	pid_t pid;

	check(posix_spawn(&pid, PROGRAM, NULL, NULL, argv, environ) == 0, "posix_spawn");
	took = now(CLOCK_MONOTONIC) - begun;
	reap(pid);
	return took;
}

/* The least that is needed to receive output and end as events: a pipe, a pidfd, and a poll. */
static double by_spawn_with_poll(void)
{
	char *argv[] = {(char *)PROGRAM, NULL}, text[4096];
	double begun = now(CLOCK_MONOTONIC), took;
	posix_spawn_file_actions_t actions;
	struct pollfd fds[2];
	int ends[2];
	pid_t pid;

	check(pipe2(ends, O_CLOEXEC) == 0, "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	check(posix_spawn(&pid, PROGRAM, &actions, NULL, argv, environ) == 0, "posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	took = now(CLOCK_MONOTONIC) - begun;
	close(ends[1]);
	fds[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
	fds[1] = (struct pollfd){.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	check(fds[1].fd >= 0, "pidfd_open");
	while (fds[1].revents == 0) {
		poll(fds, 2, -1);
		if (fds[0].revents != 0 && read(ends[0], text, sizeof(text)) <= 0)
			fds[0].fd = -1;
	}
	close(fds[1].fd);
	close(ends[0]);
	reap(pid);
	return took;
}

static double by_fork(void)
{
	char *argv[] = {(char *)PROGRAM, NULL};
	double begun = now(CLOCK_MONOTONIC), took;
	pid_t pid = fork();

	if (pid == 0) {
		execv(PROGRAM, argv);
		_exit(127);
	}
	check(pid > 0, "fork");
	took = now(CLOCK_MONOTONIC) - begun;
	reap(pid);
	return took;
}

static double (*const ways[])(void) = {by_vigil, by_spawn, by_spawn_with_poll, by_fork};
enum { VIGIL, SPAWN, POLL, FORK, WAYS };

/* --- what is typical -------------------------------------------------------------------------- */

struct sample {
	double cpu, blocked;
};

/* With little memory, and with much. */
static struct samples {
	unsigned rounds;
	struct sample taken[WAYS][ROUNDS_MAX];
} little, much;

static void take_round(struct samples *samples)
{
	for (unsigned w = 0; w < WAYS; w++) {
		struct sample *sample = &samples->taken[w][samples->rounds];
		double cpu = now(CLOCK_PROCESS_CPUTIME_ID), blocked = 0;

		for (unsigned i = 0; i < EACH; i++)
			blocked += ways[w]();
		sample->cpu = (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / EACH;
		sample->blocked = blocked / EACH;
	}
	samples->rounds++;
}

static void take_round_with_much(void)
{
	char *memory = mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(memory != MAP_FAILED && madvise(memory, MUCH, MADV_NOHUGEPAGE) == 0, "mmap");
	memset(memory, 1, MUCH);
	take_round(&much);
	munmap(memory, MUCH);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double typical(const struct samples *samples, unsigned way, bool cpu)
{
	double values[ROUNDS_MAX];

	for (unsigned r = 0; r < samples->rounds; r++)
		values[r] = cpu ? samples->taken[way][r].cpu : samples->taken[way][r].blocked;
	qsort(values, samples->rounds, sizeof(*values), compare);
	/* The time that the caller waits is taken from the rounds that were disturbed least: until
	 * its exec the child also waits for a CPU while other processes keep the CPUs busy. */
	return values[samples->rounds / (cpu ? 2 : 10)];
}

static void row(const char *metric, double value, double reference)
{
	printf("children %s %.1f %.1f %.2f\n", metric, value, reference, value / reference);
}

int main(int argc, char **argv)
{
	int rounds = argc == 2 ? atoi(argv[1]) : 0;

	loop = loop_new();
	if (rounds <= 0 || rounds > ROUNDS_MAX || loop == NULL)
		return EXIT_FAILURE;
	for (int r = 0; r < rounds; r++) {
		take_round(&little);
		if (r % 4 == 0) /* each fork takes its time */
			take_round_with_much();
	}
	row("cpu_us", typical(&little, VIGIL, true), typical(&little, SPAWN, true));
	row("cpu_to_bare_poll_us", typical(&little, VIGIL, true), typical(&little, POLL, true));
	row("blocked_us", typical(&little, VIGIL, false), typical(&little, SPAWN, false));
	row("blocked_us_at_500_MB", typical(&much, VIGIL, false), typical(&little, VIGIL, false));
	row("fork_blocked_us_at_500_MB", typical(&much, FORK, false),
		typical(&little, FORK, false));
	loop_free(loop);
	return EXIT_SUCCESS;
}
