/* spawn_environment: what a child of vigild finds in its environment. */
#ifndef SPAWN_ENVIRONMENT_H
#define SPAWN_ENVIRONMENT_H

#include <stdbool.h>

/* vigild's environment without what its own service manager put there for vigild alone, and with the
 * extras (NAME=VALUE, NULL: none) added or put in the place of entries of the same name.  Extras may
 * have any name.  Unless the extras set them, LC_NUMERIC and LC_MESSAGES are C, LC_ALL of vigild is
 * handed on as LANG, and LANGUAGE is removed.  For another user only LANG, LC_* and TZ are handed on, and
 * PATH is that of a system without local changes: what else stands in it may be secret, or name libraries
 * and programs that the user should not run.  The array is the caller's to free; the texts stay whose they were.  NULL without
 * memory.  Any thread, because vigild never changes its environment. */
char **spawn_environment_new(const char *const *extra, bool other_user);
/* Whether a service manager sets that variable (NAME or NAME=VALUE) for one service alone. */
bool spawn_environment_is_private(const char *entry);

/* The PATH that such a child has by its extras, or as another user; NULL: vigild's own.  Borrowed. */
const char *spawn_environment_path(const char *const *extra, bool other_user);

#endif
