/*
 * run_as: runs a program as another user.
 *
 * posix_spawn cannot change the user of the child, and fork is too slow in a large process.  So
 * vigild starts util-linux's setpriv, which sets the uid, the gid and the groups and then executes
 * the program.  The pid stays the same, and no shell is involved.
 */
#ifndef RUN_AS_H
#define RUN_AS_H

#include <stdbool.h>

#include "base/trust.h"

struct run_as;

/* Looks up a user.  Call this once and keep the result, because getpwnam may use the network.
 * Returns 0 and *user, or -errno; ENOENT: no such user; EPERM: it is another user and vigild is not
 * root; ENOSYS: setpriv is not installed. */
int run_as_find(const char *name, struct run_as **user);
void run_as_free(struct run_as *user);
/* Returns whether it is another user than vigild's own. */
bool run_as_is_other(const struct run_as *user);
/* Returns the uid and gid for trust, valid as long as the user. */
const struct trust_user *run_as_ids(const struct run_as *user);

/* Returns the arguments that run argv as the user.  program: the file to execute as another user;
 * NULL: argv[0].  The caller frees the array; the texts are borrowed from argv and user.  NULL: out
 * of memory. */
const char **run_as_argv(const struct run_as *user, const char *const *argv, const char *program);
/* Returns the environment with the user's HOME, USER, LOGNAME and SHELL added where it does not set
 * them.  The caller frees the array; the texts are borrowed.  NULL: out of memory. */
const char **run_as_environment(const struct run_as *user, const char *const *environment);

#endif
