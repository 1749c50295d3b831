/*
 * spawn_step: starts a program through vigil-enter, which enters a control group and then executes
 * the program.
 */
#ifndef SPAWN_STEP_H
#define SPAWN_STEP_H

#include <stdbool.h>

/* Returns whether the program, an absolute path, can be started through vigil-enter.  A program
 * that execve would refuse, such as a script whose interpreter is missing, is started directly, so
 * that posix_spawn reports the error.  Any thread. */
bool spawn_step_suits(const char *program);

/* Returns the arguments that start program with argv through step.  procs: the cgroup.procs of the
 * group to enter.  The caller frees the array; the texts are borrowed.  NULL: out of memory. */
const char **spawn_step_argv(
	const char *step, const char *procs, const char *program, const char *const *argv);

#endif
