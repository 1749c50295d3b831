/*
 * spawn_terminal: see spawn_terminal.h.  All other children get their own session, because a
 * program with vigild's terminal could insert input into the shell that vigild was started from.
 */
#include "process/spawn_terminal.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/spawn_close.h"
#include "process/spawn_environment.h"

#define CHILD_FD (STDERR_FILENO + 1)

static pid_t child; /* 0: none */

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

static int set_actions(posix_spawn_file_actions_t *actions, int fd)
{
	int err = posix_spawn_file_actions_adddup2(actions, fd, CHILD_FD);

	return err != 0 ? err : spawn_close_from(actions, CHILD_FD + 1);
}

pid_t spawn_terminal_start(const char *const *argv, int fd)
{
	char **environment = spawn_environment_new(NULL, false);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err = ENOMEM;

	if (environment == NULL || posix_spawn_file_actions_init(&actions) != 0)
		goto out;
	if (posix_spawnattr_init(&attributes) != 0)
		goto out_actions;
	err = set_actions(&actions, fd);
	if (err == 0)
		err = set_attributes(&attributes);
	if (err == 0)
		err = posix_spawn(
			&child, argv[0], &actions, &attributes, (char *const *)argv, environment);
	posix_spawnattr_destroy(&attributes);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
out:
	free(environment);
	if (err != 0)
		child = 0;
	return err != 0 ? -err : child;
}

int spawn_terminal_reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	child = 0;
	return status;
}

bool spawn_terminal_is_own(pid_t pid)
{
	return child == pid;
}
