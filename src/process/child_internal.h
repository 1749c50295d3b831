/*
 * child_internal: the function of child_launch.c, which starts the process of a child, that child.c
 * calls.
 */
#ifndef CHILD_INTERNAL_H
#define CHILD_INTERNAL_H

#include <sys/types.h>

struct child_spec;
struct run_group;

/* Starts the process as the user and in the control group that the spec asks for, otherwise as
 * spawn_start.  *group: the control group that was created for it.  The caller ends it with
 * run_group_end, also when the start fails.  NULL: there is none. */
pid_t child_launch(
	const struct child_spec *spec, struct run_group **group, int *out, int *errors, int *pidfd);

#endif
