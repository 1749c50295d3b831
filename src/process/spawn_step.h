/*
 * spawn_step: starts a program through vigil-enter, which enters a control group first.
 */
#ifndef SPAWN_STEP_H
#define SPAWN_STEP_H

#include <stdbool.h>

/* Whether the program, an absolute path, can be started through vigil-enter.  Where execve would refuse
 * it, such as a script whose interpreter is missing, it cannot: it is started directly, so that the
 * error is reported.  May be called on any thread. */
bool spawn_step_suits(const char *program);

/* The arguments that start program with argv through step, after entering the group of that cgroup.procs.
 * To be freed with free; NULL when out of memory.  The texts are borrowed. */
const char **spawn_step_argv(
	const char *step, const char *procs, const char *program, const char *const *argv);

#endif
