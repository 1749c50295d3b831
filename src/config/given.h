/*
 * given: the raw options of a section, before the check: each key once, with its last value.
 */
#ifndef GIVEN_H
#define GIVEN_H

#include <stdbool.h>
#include <stddef.h>

#include "config/option.h"

struct given {
	struct option_given *list; /* owned, also its keys and values */
	size_t count;
};

/* Sets a key, or replaces its value.  Copies key and value.  file must outlive the list.  section:
 * see struct option_given. */
void given_set(struct given *given, const struct option_given *option);
/* Returns NULL if the key is not set. */
const struct option_given *given_find(const struct given *given, const char *key);
/* Removes each default of a module that an option of the daemon's own section excludes. */
void given_drop_excluded(struct given *given, const vigil_option *schema);
/* Returns true if a value that is set excludes the option with this name. */
bool given_is_excluded(const struct given *given, const vigil_option *schema, const char *name);
/* Frees the options and empties the list. */
void given_clear(struct given *given);

#endif
