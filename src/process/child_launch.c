/* child_launch: starts the process of a child as the user and in the control group that its spec
 * asks for. */

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "base/text.h"
#include "process/child.h"
#include "process/run_as.h"
#include "process/run_group.h"
#include "process/session_end.h"

/* Makes the calling thread join a new, empty session keyring, because a child inherits the session
 * keyring of the thread that starts it, and root's keys may be in it.  Kernels and containers
 * without keyrings return an error, which is ignored. */
static void forget_keys(void)
{
#ifdef SYS_keyctl
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
#endif
}

/* Creates a control group for the child when its spec has end_session and groups are available. */
static pid_t launch_in_group(const struct child_spec *spec, struct spawn *spawn,
	struct run_group **group, int *out, int *errors, int *pidfd)
{
	const char *program = spawn->program != NULL ? spawn->program : spawn->argv[0];

	if (spec->end_session)
		*group = run_group_new(spec->owner, program);
	spawn->group = *group;
	return spawn_start(spawn, out, errors, pidfd);
}

static pid_t launch_as(
	const struct child_spec *spec, struct run_group **group, int *out, int *errors, int *pidfd)
{
	struct spawn spawn = spec->spawn;
	const char **argv, **environment;
	pid_t pid = -ENOMEM;

	if (spec->user == NULL)
		return launch_in_group(spec, &spawn, group, out, errors, pidfd);
	argv = run_as_argv(spec->user, spawn.argv, spawn.program);
	environment = run_as_environment(spec->user, spawn.environment);
	if (argv != NULL && environment != NULL) {
		spawn.argv = argv;
		spawn.environment = environment;
		spawn.other_user = run_as_is_other(spec->user);
		if (spawn.other_user) {
			spawn.program = NULL; /* argv[0] is setpriv */
			forget_keys();
		}
		pid = launch_in_group(spec, &spawn, group, out, errors, pidfd);
	}
	free(environment);
	free(argv);
	return pid;
}

/* Returns the environment with the mark added.  The caller frees the array.  NULL: no memory. */
static const char **add_mark(const char *const *environment, const char *mark)
{
	size_t n = text_count_list(environment);
	const char **result = calloc(n + 2, sizeof(*result));

	if (result == NULL)
		return NULL;
	if (n > 0)
		memcpy(result, environment, n * sizeof(*result));
	result[n] = mark;
	return result;
}

static pid_t launch_marked(const struct child_spec *spec, char mark[CHILD_MARK],
	struct run_group **group, int *out, int *errors, int *pidfd)
{
	static unsigned count;
	struct child_spec marked = *spec;
	const char **environment;
	pid_t pid;

	snprintf(mark, CHILD_MARK, SESSION_MARK "%d.%ju.%u", (int)getpid(), (uintmax_t)clock_now(),
		count++);
	environment = add_mark(spec->spawn.environment, mark);
	if (environment == NULL)
		return -ENOMEM;
	marked.spawn.environment = environment;
	pid = launch_as(&marked, group, out, errors, pidfd);
	free(environment);
	return pid;
}

pid_t child_launch(const struct child_spec *spec, char mark[CHILD_MARK], struct run_group **group,
	int *out, int *errors, int *pidfd)
{
	pid_t pid;

	*group = NULL;
	if (spec->end_session)
		pid = launch_marked(spec, mark, group, out, errors, pidfd);
	else
		pid = launch_as(spec, group, out, errors, pidfd);
	degraded_started(pid);
	return pid;
}
