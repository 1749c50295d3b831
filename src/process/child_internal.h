/*
 * child_internal: what child_launch.c, which starts the process of a child, does for child.c.
 */
#ifndef CHILD_INTERNAL_H
#define CHILD_INTERNAL_H

#include <sys/types.h>

struct child_spec;
struct run_group;

/* Starts it as the user and in the control group that the spec asks for, otherwise as spawn_start.  *group: the group that was made for it, which the caller ends, also where the start
 * fails; NULL: there is none. */
pid_t child_launch(
	const struct child_spec *spec, struct run_group **group, int *out, int *errors, int *pidfd);

#endif
