/*
 * spawn: one way to start a process.
 *
 * A host of 500 MB that forks stops for 8 to 28 ms while its page tables are copied;
 * posix_spawn takes a quarter of one at any size, and between it and the exec no code of ours
 * runs, so a worker may start a child while other threads hold locks.  It is therefore the
 * only way to start anything here.
 *
 * spawn_start hands over a running child; whoever called it owns its two descriptors and reaps
 * it.  spawn_run does all of that by itself, for workers, which may block: one poll over the
 * child's output, its pidfd and one eventfd that the loop thread raises when the host stops.
 *
 * A pid is signalled only while we have not reaped it, so it can be nobody else's, and only
 * our own pids are waited for: waitpid(-1) would take other libraries' children from them.
 */
#include "loop/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define GRACE      CLOCK_SECOND /* from TERM to KILL, and from KILL to giving up */
#define STRAYS_MAX 32

extern char **environ;

/* --- starting -------------------------------------------------------------------------------- */

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && (b[n] == '=' || b[n] == '\0');
}

/* The host's environment with the extras put over it.  The texts stay whose they were. */
static char **environment_new(const char *const *extra)
{
	size_t own = 0, added = 0, n = 0, i, k;
	char **result;

	while (environ && environ[own])
		own++;
	while (extra && extra[added])
		added++;
	result = calloc(own + added + 1, sizeof(*result));
	if (!result)
		return NULL;
	for (i = 0; i < own; i++) {
		for (k = 0; k < added && !same_name(extra[k], environ[i]); k++)
			;
		if (k == added)
			result[n++] = environ[i];
	}
	for (k = 0; k < added; k++)
		result[n++] = (char *)extra[k];
	return result;
}

static int attributes_init(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	if (posix_spawnattr_init(attributes))
		return -ENOMEM;
	sigfillset(&all);
	sigemptyset(&none);
	/* Ignored signals outlive an exec, and the host ignores SIGPIPE: a child that never saw
	 * a broken pipe would print into one for ever. */
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return 0;
}

/* What it reads: a file in memory, so that nobody has to stand by and feed a pipe.  Its number is
 * 3 or more; or -errno. */
static int open_input(const struct spawn *spawn)
{
	int fd = memfd_create("input", MFD_CLOEXEC), high, err = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (high < 0)
		err = -errno;
	close(fd);
	if (err)
		return err;
	n = pwrite(high, spawn->input, spawn->input_length, 0);
	if (n == (ssize_t)spawn->input_length)
		return high;
	err = n < 0 ? -errno : -ENOSPC;
	close(high);
	return err;
}

/* in: where its stdout goes.  It may itself be 0, 1 or 2 when the host was started with those
 * closed, so it is copied before anything else takes the low numbers.  from: what it reads, or
 * -1. */
static int actions_init(
	posix_spawn_file_actions_t *actions, const struct spawn *spawn, int in, int from)
{
	int err;

	if (posix_spawn_file_actions_init(actions))
		return -ENOMEM;
	err = posix_spawn_file_actions_adddup2(actions, in, STDOUT_FILENO);
	if (!err && from >= 0)
		err = posix_spawn_file_actions_adddup2(actions, from, STDIN_FILENO);
	else if (!err)
		err = posix_spawn_file_actions_addopen(
			actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!err && spawn->merge_stderr)
		err = posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
	else if (!err)
		err = posix_spawn_file_actions_addopen(
			actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_addchdir_np(
			actions, spawn->directory ? spawn->directory : "/");
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
	/* The host's own are close-on-exec; those of libraries in modules may not be. */
	if (!err)
		err = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
#endif
	if (err)
		posix_spawn_file_actions_destroy(actions);
	return -err;
}

/* The pid, or -errno. */
static pid_t launch(const struct spawn *spawn, int in)
{
	char *const *argv = (char *const *)spawn->argv;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char **environment;
	int from = -1, err = 0;
	pid_t pid;

	if (!argv || !argv[0])
		return -EINVAL;
	environment = environment_new(spawn->environment);
	if (!environment)
		return -ENOMEM;
	if (spawn->input)
		from = open_input(spawn);
	if (from < -1)
		err = -from;
	if (!err)
		err = -actions_init(&actions, spawn, in, from);
	if (err)
		goto out;
	err = -attributes_init(&attributes);
	if (err)
		goto out_actions;
	/* A script without a #! line is ENOEXEC: glibc does not hand it to a shell, nor do we. */
	err = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
out:
	if (from >= 0)
		close(from);
	free(environment);
	return err ? -err : pid;
}

/*
 * A pipe of which only our end is non-blocking.  With lasting, the child's end is open for
 * reading too: what the child leaves behind holds its stdout, and must not die of SIGPIPE at
 * its first word after we have gone.
 */
static int open_pipe(int ends[2], bool lasting)
{
	char path[32];
	int both;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK))
		goto fail;
	if (!lasting)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
	both = open(path, O_RDWR | O_CLOEXEC);
	if (both >= 0) { /* without /proc it is a pipe like any other */
		close(ends[1]);
		ends[1] = both;
	}
	return 0;
fail:
	both = -errno;
	close(ends[0]);
	close(ends[1]);
	return both;
}

/* Starts it; the caller gets both ends of the pipe. */
static pid_t start(const struct spawn *spawn, bool lasting, int ends[2], int *pidfd)
{
	pid_t pid;
	int err = open_pipe(ends, lasting);

	if (err)
		return err;
	pid = launch(spawn, ends[1]);
	if (pid < 0)
		goto out;
	*pidfd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
	if (*pidfd < 0) {
		err = -errno;
		spawn_kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = err;
	}
out:
	if (pid < 0) {
		close(ends[0]);
		close(ends[1]);
	}
	return pid;
}

pid_t spawn_start(const struct spawn *spawn, int *out, int *pidfd)
{
	int ends[2];
	pid_t pid = start(spawn, false, ends, pidfd);

	if (pid < 0)
		return pid;
	close(ends[1]);
	*out = ends[0];
	return pid;
}

int spawn_kill(pid_t group, int signo)
{
	if (group <= 1)
		return -EINVAL; /* 0 is our own group, -1 everybody */
	return kill(-group, signo) ? -errno : 0;
}

/* --- what workers share ------------------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int cancel_fd = -1; /* raised once, never lowered; -1: not made yet */
static bool cancelled;
static unsigned under_way; /* that are ended when it is raised */
static pthread_cond_t all_ended = PTHREAD_COND_INITIALIZER;
static pid_t strays[STRAYS_MAX]; /* killed, but stuck in the kernel: reaped when they let go */

/* One more is under way.  The eventfd to wait on; -ECANCELED when the host stops. */
static int run_begin(bool spare_group)
{
	int fd;

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
	/* Those under way wait on it, so where there is none there is nobody to wake. */
	if (cancel_fd >= 0 && write(cancel_fd, &one, sizeof(one)) < 0)
		cancelled = true; /* its counter is full, and so it is readable already */
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
		err = pthread_cond_clockwait(&all_ended, &lock, CLOCK_MONOTONIC, &until);
	pthread_mutex_unlock(&lock);
}

/* Remembers one more stray (0: none) and reaps those that have ended since. */
static void reap_strays(pid_t more)
{
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < STRAYS_MAX; i++) {
		if (strays[i] && waitpid(strays[i], NULL, WNOHANG) != 0)
			strays[i] = 0;
		if (!strays[i] && more) {
			strays[i] = more;
			more = 0;
		}
	}
	pthread_mutex_unlock(&lock);
}

/* --- running to the end -------------------------------------------------------------------------- */

enum phase { RUNNING, TERMED, KILLED, GIVEN_UP };

struct run {
	pid_t pid;
	int ends[2];
	int pidfd;
	bool spare_group;
	bool cancelled;
	enum phase phase;
	uint64_t until; /* when the phase is over */
	struct spawn_result *result;
};

/* Keeps the end of what was printed: that is where the reason stands. */
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

/* Reads up to limit bytes of what is there.  False at the end of the output. */
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

/* The time of a phase is up, or the host stops. */
static void run_advance(struct run *run, uint64_t now)
{
	static const int signals[] = {[RUNNING] = SIGTERM, [TERMED] = SIGKILL};

	if (run->phase < KILLED)
		run_signal(run, signals[run->phase]);
	run->phase++;
	run->until = now + GRACE;
}

/* Until the process has ended, or cannot be ended.  True when it has. */
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
			continue; /* EINTR; ENOMEM passes */
		if (fds[0].revents)
			return true;
		if (fds[1].revents && !take(run, 65536))
			fds[1].fd = -1;
		if (fds[2].revents) {
			fds[2].fd = -1; /* it stays raised */
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

/* It has ended, and is ours until it is reaped. */
static int run_reap(struct run *run)
{
	int waiting = 0;

	/* Only what is in the pipe by now: what it left behind may go on printing for ever. */
	if (ioctl(run->ends[0], FIONREAD, &waiting) == 0 && waiting > 0)
		take(run, (size_t)waiting);
	/* A look that leaves a process behind each time would fill the machine; the number of the
	 * group is safe to use for as long as its leader has not been reaped. */
	if (!run->spare_group)
		spawn_kill(run->pid, SIGKILL);
	while (waitpid(run->pid, &run->result->status, 0) < 0)
		if (errno != EINTR)
			return -errno; /* ECHILD: the host was started with SIGCHLD ignored */
	return 0;
}

/* Once it may begin.  cancel: what to wait on beside it. */
static int run_it(const struct spawn *spawn, struct run *run, int cancel)
{
	int err;

	run->pid = start(spawn, run->spare_group, run->ends, &run->pidfd);
	if (run->pid < 0)
		return run->pid;
	err = run_wait(run, cancel) ? run_reap(run) : 0;
	if (run->phase == GIVEN_UP)
		reap_strays(run->pid);
	/* From now on nobody reads: what still holds the pipe shall not block on it either. */
	if (run->spare_group)
		fcntl(run->ends[1], F_SETFL, O_NONBLOCK);
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
	reap_strays(0);
	cancel = run_begin(spare_group);
	if (cancel < 0)
		return cancel;
	if (clock_now() < deadline)
		err = run_it(spawn, &run, cancel);
	else
		result->timed_out = true; /* too late to begin */
	run_end(spare_group);
	return err;
}
