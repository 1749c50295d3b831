/*
 * spawn_close: closes what a program must not inherit.
 *
 * vigild's own descriptors are close-on-exec; those of libraries in modules may not be.
 */
#ifndef VIGIL_SPAWN_CLOSE_H
#define VIGIL_SPAWN_CLOSE_H

#include <spawn.h>

/* Adds actions that close all descriptors from `first` on. Returns 0 or an error number, as the
 * functions of spawn.h do. */
int spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/* The same with one action for each descriptor that is open now, for C libraries without
 * posix_spawn_file_actions_addclosefrom_np: glibc before 2.34, and musl. */
int spawn_close_each(posix_spawn_file_actions_t *actions, int first);

#endif
