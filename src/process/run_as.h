/*
 * run_as: running a program as somebody else.
 *
 * posix_spawn cannot change who the child is, and a bare fork is out of the question for a
 * large host.  So the program is started through util-linux's setpriv, which takes the user's
 * uid, gid and groups and then becomes the program: same pid, no shell, nothing in between.
 */
#ifndef RUN_AS_H
#define RUN_AS_H

#include <stdbool.h>

#include "base/trust.h"

struct run_as;

/* Looks the user up; may ask the network, as getpwnam does, so it is done once and kept.  0 and
 * *user, or -errno: ENOENT no such user, EPERM the host is not root and the user is another,
 * ENOSYS there is no setpriv. */
int run_as_find(const char *name, struct run_as **user);
void run_as_free(struct run_as *user);
/* Whether the user is another than vigild's own. */
bool run_as_is_other(const struct run_as *user);
/* The ids of the user, for trust; good as long as the user. */
const struct trust_user *run_as_ids(const struct run_as *user);

/* What to start so that argv runs as the user; the texts stay argv's and the user's.  program: the file
 * to execute as another user; NULL: as argv[0] says.  To be freed with free; NULL when out of memory. */
const char **run_as_argv(const struct run_as *user, const char *const *argv, const char *program);
/* The environment with the user's HOME, USER, LOGNAME and SHELL before it, where it does not
 * name them itself.  To be freed with free; NULL when out of memory. */
const char **run_as_environment(const struct run_as *user, const char *const *environment);

#endif
