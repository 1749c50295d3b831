/*
 * user: running a program as somebody else.
 *
 * posix_spawn cannot change who the child is, and a bare fork is out of the question for a
 * large host.  So the program is started through util-linux's setpriv, which takes the user's
 * uid, gid and groups and then becomes the program: same pid, no shell, nothing in between.
 */
#ifndef USER_H
#define USER_H

#include <stdbool.h>

#include "base/trust.h"

struct user;

/* Looks the user up; may ask the network, as getpwnam does, so it is done once and kept.  0 and
 * *user, or -errno: ENOENT no such user, EPERM the host is not root and the user is another,
 * ENOSYS there is no setpriv. */
int user_find(const char *name, struct user **user);
void user_free(struct user *user);
/* Whether the user is another than vigild's own. */
bool user_is_other(const struct user *user);
/* The ids of the user, for trust; good as long as the user. */
const struct trust_user *user_ids(const struct user *user);

/* What to start so that argv runs as the user; the texts stay argv's and the user's.  program: the file
 * to execute as another user; NULL: as argv[0] says.  To be freed with free; NULL when out of memory. */
const char **user_argv(const struct user *user, const char *const *argv, const char *program);
/* The environment with the user's HOME, USER, LOGNAME and SHELL before it, where it does not
 * name them itself.  To be freed with free; NULL when out of memory. */
const char **user_environment(const struct user *user, const char *const *environment);

#endif
