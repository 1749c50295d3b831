/*
 * spawn_run: runs a process to its end.  Workers call it, because it blocks.
 *
 * Each run polls the child's output, its pidfd, and one eventfd that the loop thread writes when
 * vigild stops.  All workers share that eventfd and the list of pids that could not be reaped yet.
 * One lock guards them; it is only held for short times.
 */
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/run_group.h"
#include "process/spawn_internal.h"

#define GRACE        CLOCK_SECOND       /* from TERM to KILL, and from KILL to giving up */
#define PERSISTENCE  (5 * CLOCK_SECOND) /* how long a start is tried while there are no tasks */
#define DETACHED_MAX 32

/* --- shared by all workers -------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int cancel_fd = -1; /* written once, never read; -1: not created yet */
static bool cancelled;
static unsigned under_way; /* runs without spare_group */
static pthread_cond_t all_ended;
static pid_t detached[DETACHED_MAX]; /* killed, but not ended yet because they hang in the kernel */

/* Uses the monotonic clock, because a change of the system time must not affect the wait. */
static void all_ended_init(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&all_ended, &attr);
	pthread_condattr_destroy(&attr);
}

/* Registers a run.  Returns the eventfd to poll; -ECANCELED when vigild stops; or another
 * -errno. */
static int run_begin(bool spare_group)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int fd;

	pthread_once(&once, all_ended_init);
	pthread_mutex_lock(&lock);
	if (cancel_fd < 0)
		cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fd = cancelled ? -ECANCELED : cancel_fd < 0 ? -errno : cancel_fd;
	if (fd >= 0 && !spare_group)
		under_way++;
	pthread_mutex_unlock(&lock);
	return fd;
}

static void run_end(bool spare_group)
{
	pthread_mutex_lock(&lock);
	if (!spare_group && --under_way == 0)
		pthread_cond_broadcast(&all_ended);
	pthread_mutex_unlock(&lock);
}

void spawn_cancel(void)
{
	uint64_t one = 1;

	pthread_mutex_lock(&lock);
	cancelled = true;
	/* Without an eventfd no run has begun, so no thread waits. */
	if (cancel_fd >= 0 && write(cancel_fd, &one, sizeof(one)) < 0)
		cancelled = true; /* its counter is full, so it is readable */
	pthread_mutex_unlock(&lock);
}

void spawn_cancel_wait(void)
{
	struct timespec until;
	int err = 0;

	spawn_cancel();
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 2 * (time_t)(GRACE / CLOCK_SECOND);
	pthread_mutex_lock(&lock);
	while (under_way > 0 && err == 0)
		err = pthread_cond_timedwait(&all_ended, &lock, &until);
	pthread_mutex_unlock(&lock);
}

/* Reaps the detached processes that have ended, and adds one more (0: none). */
static void reap_detached(pid_t more)
{
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < DETACHED_MAX; i++) {
		if (detached[i] && waitpid(detached[i], NULL, WNOHANG) != 0)
			detached[i] = 0;
		if (!detached[i] && more) {
			detached[i] = more;
			more = 0;
		}
	}
	pthread_mutex_unlock(&lock);
}

void spawn_reap_detached(void)
{
	reap_detached(0);
}

bool spawn_is_detached(pid_t pid)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < DETACHED_MAX; i++)
		found |= detached[i] == pid;
	pthread_mutex_unlock(&lock);
	return found;
}

/* --- one run ---------------------------------------------------------------------------------- */

enum phase { RUNNING, TERMED, KILLED, GIVEN_UP };

struct run {
	pid_t pid;
	int ends[2];
	int pidfd;
	bool spare_group;
	bool cancelled;
	struct run_group *group; /* NULL: none */
	enum phase phase;
	uint64_t until; /* when the phase ends, by clock_now */
	struct spawn_result *result;
};

/* Keeps the end of the output, because an error message is usually there. */
static void keep(struct spawn_result *result, const char *data, size_t n)
{
	size_t room = sizeof(result->output) - 1, drop;

	if (n > room) {
		data += n - room;
		n = room;
		result->truncated = true;
	}
	if (result->length + n > room) {
		drop = result->length + n - room;
		memmove(result->output, result->output + drop, result->length - drop);
		result->length -= drop;
		result->truncated = true;
	}
	memcpy(result->output + result->length, data, n);
	result->length += n;
	result->output[result->length] = '\0';
}

/* Reads at most limit bytes without blocking.  Returns false at the end of the output. */
static bool take(struct run *run, size_t limit)
{
	char chunk[16384];
	ssize_t n;

	while (limit > 0) {
		n = read(run->ends[0], chunk, limit < sizeof(chunk) ? limit : sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		keep(run->result, chunk, (size_t)n);
		limit -= (size_t)n;
	}
	return true;
}

static void run_signal(struct run *run, int signo)
{
	if (run->spare_group)
		kill(run->pid, signo);
	else
		spawn_kill(run->pid, signo);
}

/* Enters the next phase, because the time of the current one is over or vigild stops. */
static void run_advance(struct run *run, uint64_t now)
{
	static const int signals[] = {[RUNNING] = SIGTERM, [TERMED] = SIGKILL};

	if (run->phase < KILLED)
		run_signal(run, signals[run->phase]);
	run->phase++;
	run->until = now + GRACE;
}

/* Waits until the process has ended or is given up.  Returns true when it has ended. */
static bool run_wait(struct run *run, int cancel)
{
	struct pollfd fds[] = {{.fd = run->pidfd, .events = POLLIN},
		{.fd = run->ends[0], .events = POLLIN},
		{.fd = run->spare_group ? -1 : cancel, .events = POLLIN}};
	struct timespec left;
	uint64_t now;

	while (run->phase < GIVEN_UP) {
		now = clock_now();
		if (now > run->until)
			now = run->until;
		left.tv_sec = (time_t)((run->until - now) / CLOCK_SECOND);
		left.tv_nsec = (long)((run->until - now) % CLOCK_SECOND);
		if (ppoll(fds, 3, &left, NULL) < 0)
			continue; /* EINTR, or ENOMEM, which is temporary */
		if (fds[0].revents)
			return true;
		if (fds[1].revents && !take(run, 65536))
			fds[1].fd = -1;
		if (fds[2].revents) {
			fds[2].fd = -1; /* it stays readable */
			run->cancelled = true;
			if (run->phase == RUNNING)
				run_advance(run, clock_now());
		}
		if (clock_now() >= run->until) {
			run->result->timed_out |= run->phase == RUNNING;
			run_advance(run, clock_now());
		}
	}
	return false;
}

/* Reads the rest of the output and reaps the process, which has ended. */
static int run_reap(struct run *run)
{
	int waiting = 0;

	/* Only what is in the pipe now, because a process that it left behind may print for
	 * ever. */
	if (ioctl(run->ends[0], FIONREAD, &waiting) == 0 && waiting > 0)
		take(run, (size_t)waiting);
	/* Kills the rest of the group, because processes that are left behind by each run would use
	 * up the machine.  The number of the group cannot be reused before its leader has been
	 * reaped. */
	if (!run->spare_group)
		spawn_kill(run->pid, SIGKILL);
	while (waitpid(run->pid, &run->result->status, 0) < 0)
		if (errno != EINTR)
			return -errno; /* ECHILD: vigild was started with SIGCHLD ignored */
	return 0;
}

/* With spare_group the process gets no control group, because a service that it starts must go on
 * running. */
static int start(const struct spawn *spawn, struct run *run)
{
	struct spawn grouped = *spawn;
	const char *program = spawn->program != NULL ? spawn->program : spawn->argv[0];

	if (!run->spare_group)
		run->group = run_group_new(NULL, program);
	grouped.group = run->group;
	run->pid = spawn_start_piped(&grouped, run->spare_group, run->ends, &run->pidfd);
	if (run->pid < 0)
		run_group_end(run->group);
	return run->pid;
}

/* A script of a service that cannot be started for lack of tasks is tried again for five seconds.
 * In that time processes that plugins left behind are being killed, and run_groups_relieve kills a
 * run that has many processes. */
static int start_persistently(const struct spawn *spawn, struct run *run, int cancel)
{
	uint64_t until = clock_now() + PERSISTENCE;
	struct timespec pause = {.tv_nsec = 200 * CLOCK_MS};
	struct pollfd stop = {.fd = cancel, .events = POLLIN};
	unsigned tries = 0;
	int err;

	if (run->until < until)
		until = run->until;
	for (;;) {
		err = start(spawn, run);
		if (err != -EAGAIN || clock_now() >= until)
			return err;
		if (tries++ > 0)
			run_groups_relieve();
		if (ppoll(&stop, 1, &pause, NULL) > 0)
			return err;
	}
}

/* Runs a registered process.  cancel: the eventfd to poll. */
static int run_it(const struct spawn *spawn, struct run *run, int cancel)
{
	int err = start_persistently(spawn, run, cancel);

	if (err < 0)
		return err;
	err = run_wait(run, cancel) ? run_reap(run) : 0;
	if (run->phase == GIVEN_UP)
		reap_detached(run->pid);
	/* Nothing reads the pipe any more, so a process that still has it open must not block on
	 * it. */
	if (run->spare_group)
		fcntl(run->ends[1], F_SETFL, O_NONBLOCK);
	run_group_end(run->group);
	close(run->ends[1]);
	close(run->ends[0]);
	close(run->pidfd);
	return err ? err : run->cancelled ? -ECANCELED : 0;
}

int spawn_run(
	const struct spawn *spawn, uint64_t deadline, bool spare_group, struct spawn_result *result)
{
	struct run run = {.spare_group = spare_group, .until = deadline, .result = result};
	int cancel, err = 0;

	memset(result, 0, sizeof(*result));
	reap_detached(0);
	cancel = run_begin(spare_group);
	if (cancel < 0)
		return cancel;
	if (clock_now() < deadline)
		err = run_it(spawn, &run, cancel);
	else
		result->timed_out = true; /* the deadline has passed before the start */
	run_end(spare_group);
	return err;
}
