/*
 * spawn: starts a process with posix_spawn.  spawn_run.c runs a process to its end.
 *
 * vigild starts processes only with posix_spawn.  A fork of a process of 500 MB stops that process
 * for 8 to 28 ms while the page tables are copied; posix_spawn takes a quarter of a millisecond at
 * any size.  No code of vigild runs between posix_spawn and the exec, so a worker may start a child
 * while other threads hold locks.
 *
 * A caller of spawn_start owns the descriptors and reaps the child.
 *
 * A pid is signalled only before it has been reaped, because it could belong to another process
 * afterwards.  vigild waits only for its own pids, because waitpid(-1) would also reap the children
 * of other libraries.
 */
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/run_group.h"
#include "process/spawn_close.h"
#include "process/spawn_environment.h"
#include "process/spawn_internal.h"
#include "process/spawn_step.h"

/* --- starting --------------------------------------------------------------------------------- */

static int attributes_init(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	if (posix_spawnattr_init(attributes))
		return -ENOMEM;
	sigfillset(&all);
	sigemptyset(&none);
	/* An ignored signal stays ignored after an exec, and vigild ignores SIGPIPE.  A child that
	 * ignores SIGPIPE might print into a broken pipe for ever. */
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	/* A new session has no controlling terminal, through which a child could insert input into
	 * the shell that vigild was started from.  The leader of a session also leads a process
	 * group. */
	posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return 0;
}

/* Returns a descriptor of 4 or more for stdin, or -errno: the socket, or a file in memory with the
 * input, so that no thread has to feed a pipe.  3 is for the page. */
static int open_input(const struct spawn *spawn)
{
	int fd = spawn->socket > 0 ? dup(spawn->socket) : memfd_create("input", MFD_CLOEXEC);
	int high, err = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 2);
	if (high < 0)
		err = -errno;
	close(fd);
	if (err)
		return err;
	if (spawn->socket > 0)
		return high;
	n = pwrite(high, spawn->input, spawn->input_length, 0);
	if (n == (ssize_t)spawn->input_length)
		return high;
	err = n < 0 ? -errno : -ENOSPC;
	close(high);
	return err;
}

/* Descriptors that the child gets; -1: none. */
struct given {
	int out, errors, input;
};

static int set_stderr(
	posix_spawn_file_actions_t *actions, const struct spawn *spawn, const struct given *given)
{
	if (given->errors >= 0)
		return posix_spawn_file_actions_adddup2(actions, given->errors, STDERR_FILENO);
	if (spawn->merge_stderr)
		return posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
	return posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
}

/* stdout is duplicated first, because its pipe may be descriptor 0, 1 or 2 when vigild was started
 * with those closed.  All other descriptors are 3 or more. */
static int actions_init(
	posix_spawn_file_actions_t *actions, const struct spawn *spawn, const struct given *given)
{
	int err;

	if (posix_spawn_file_actions_init(actions))
		return -ENOMEM;
	err = posix_spawn_file_actions_adddup2(actions, given->out, STDOUT_FILENO);
	if (!err && given->input >= 0)
		err = posix_spawn_file_actions_adddup2(actions, given->input, STDIN_FILENO);
	else if (!err)
		err = posix_spawn_file_actions_addopen(
			actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!err)
		err = set_stderr(actions, spawn, given);
	if (!err)
		err = posix_spawn_file_actions_addchdir_np(
			actions, spawn->directory ? spawn->directory : "/");
	if (!err && spawn->page > 0)
		err = posix_spawn_file_actions_adddup2(actions, spawn->page, STDERR_FILENO + 1);
	if (!err)
		err = spawn_close_from(actions, STDERR_FILENO + 1 + (spawn->page > 0));
	if (err)
		posix_spawn_file_actions_destroy(actions);
	return -err;
}

static const char *program_of(const struct spawn *spawn)
{
	return spawn->program != NULL ? spawn->program : spawn->argv[0];
}

/* Returns the pid, or -errno. */
static pid_t launch_with(
	const struct spawn *spawn, const char *program, char *const *argv, int out, int errors)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	struct given given = {.out = out, .errors = errors, .input = -1};
	char **environment;
	int err = 0;
	pid_t pid;

	environment = spawn_environment_new(spawn->environment, spawn->other_user);
	if (!environment)
		return -ENOMEM;
	if (spawn->input || spawn->socket > 0) {
		given.input = open_input(spawn);
		if (given.input < 0)
			err = -given.input;
	}
	if (!err)
		err = -actions_init(&actions, spawn, &given);
	if (err)
		goto out;
	err = -attributes_init(&attributes);
	if (err)
		goto out_actions;
	/* A script without a #! line gives ENOEXEC, because posix_spawnp of glibc does not run a
	 * shell for it. */
	err = posix_spawnp(&pid, program, &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
out:
	if (given.input >= 0)
		close(given.input);
	free(environment);
	return err ? -err : pid;
}

static pid_t launch(const struct spawn *spawn, int out, int errors)
{
	const char *step;
	const char **argv;
	pid_t pid;

	if (spawn->argv == NULL || spawn->argv[0] == NULL)
		return -EINVAL;
	if (spawn->group == NULL)
		return launch_with(
			spawn, program_of(spawn), (char *const *)spawn->argv, out, errors);
	step = run_group_step(spawn->group);
	argv = spawn_step_argv(step, run_group_procs(spawn->group), program_of(spawn), spawn->argv);
	if (argv == NULL)
		return -ENOMEM;
	pid = launch_with(spawn, step, (char *const *)argv, out, errors);
	free(argv);
	return pid;
}

/*
 * Opens a pipe of which only the read end is non-blocking.  With lasting, the child's end is open
 * for reading, too.  A process that the child left behind keeps its stdout, and must not get
 * SIGPIPE when it writes after vigild has closed the pipe.
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
	if (both >= 0) { /* without /proc it is a normal pipe */
		close(ends[1]);
		ends[1] = both;
	}
	return 0;
fail:
	both = -errno;
	close(ends[0]);
	close(ends[1]);
	ends[0] = ends[1] = -1;
	return both;
}

/* Opens the pipe for stderr.  The child's end is 3 or more, because stdin and stdout are set up
 * before it is used. */
static int open_errors(int ends[2])
{
	int err = open_pipe(ends, false), high;

	if (err || ends[1] > STDERR_FILENO)
		return err;
	high = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	err = high < 0 ? -errno : 0;
	close(ends[1]);
	ends[1] = high;
	if (err) {
		close(ends[0]);
		ends[0] = -1;
	}
	return err;
}

/* Starts the child and opens its pidfd.  Returns the pid, or -errno.  A pidfd of vigild itself
 * shows before the start that the kernel has pidfds, and reserves the descriptor: a restart script
 * that is killed because it can have no pidfd has perhaps stopped its service already. */
static pid_t start(const struct spawn *spawn, int out, int errors, int *pidfd)
{
	int reserved = (int)syscall(SYS_pidfd_open, getpid(), 0), err;
	pid_t pid;

	if (reserved < 0)
		return errno == ENOSYS ? -EOPNOTSUPP : -errno;
	pid = launch(spawn, out, errors);
	close(reserved);
	if (pid < 0)
		return pid;
	*pidfd = (int)syscall(SYS_pidfd_open, pid, 0); /* pidfds are always close-on-exec */
	if (*pidfd < 0) {
		err = -errno;
		spawn_kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = err;
	}
	return pid;
}

static void close_pipe(int ends[2])
{
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
}

pid_t spawn_start_piped(const struct spawn *spawn, bool lasting, int ends[2], int *pidfd)
{
	pid_t pid;
	int err = open_pipe(ends, lasting);

	if (err)
		return err;
	pid = start(spawn, ends[1], -1, pidfd);
	if (pid < 0)
		close_pipe(ends);
	return pid;
}

pid_t spawn_start(const struct spawn *spawn, int *out, int *errors, int *pidfd)
{
	int ends[2] = {-1, -1}, more[2] = {-1, -1};
	pid_t pid = open_pipe(ends, false);

	if (pid == 0 && spawn->keep_stderr)
		pid = open_errors(more);
	if (pid == 0)
		pid = start(spawn, ends[1], more[1], pidfd);
	if (pid < 0) {
		close_pipe(ends);
		close_pipe(more);
		return pid;
	}
	close(ends[1]);
	if (more[1] >= 0)
		close(more[1]);
	*out = ends[0];
	if (errors != NULL)
		*errors = more[0];
	return pid;
}

int spawn_kill(pid_t group, int signo)
{
	if (group <= 1)
		return -EINVAL; /* 0 would be vigild's own group, -1 all processes */
	return kill(-group, signo) ? -errno : 0;
}
