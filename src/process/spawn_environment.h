/* spawn_environment: the environment of vigild's children. */
#ifndef SPAWN_ENVIRONMENT_H
#define SPAWN_ENVIRONMENT_H

#include <stdbool.h>

/* Returns a new environment.  It is vigild's own without the variables that vigild's service
 * manager set for vigild alone.  The extras (NAME=VALUE; NULL: none) are added or replace entries
 * of the same name.  Extras may have any name.
 *
 * Unless the extras set them, LC_NUMERIC and LC_MESSAGES are C, vigild's LC_ALL becomes LANG, and
 * LANGUAGE is removed.  For another user only LANG, LC_* and TZ are inherited and PATH is a
 * standard path, because other variables may contain secrets, or name libraries and programs that
 * the user should not run.
 *
 * The caller frees the array; the texts are borrowed.  NULL: out of memory.  Any thread, because
 * vigild never changes its environment. */
char **spawn_environment_new(const char *const *extra, bool other_user);
/* Returns whether a service manager sets that variable (NAME or NAME=VALUE) for one service
 * alone. */
bool spawn_environment_is_private(const char *entry);

/* Returns the PATH that such a child gets from its extras or as another user; NULL: vigild's own.
 * Borrowed. */
const char *spawn_environment_path(const char *const *extra, bool other_user);

#endif
