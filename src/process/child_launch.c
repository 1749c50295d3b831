/* child_launch: starts the process of a child as the user and in the control group that its spec
 * asks for. */
#include "process/child_internal.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/degraded.h"
#include "process/child.h"
#include "process/run_as.h"
#include "process/run_group.h"

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

pid_t child_launch(
	const struct child_spec *spec, struct run_group **group, int *out, int *errors, int *pidfd)
{
	pid_t pid;

	*group = NULL;
	pid = launch_as(spec, group, out, errors, pidfd);
	degraded_started(pid);
	return pid;
}
