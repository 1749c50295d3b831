/*
 * module_verb: the verb `module` of vigilctl.
 */
#ifndef MODULE_VERB_H
#define MODULE_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* Runs `module new` or `module test`.  file: the configuration.  Returns 0; -EINVAL for invalid
 * arguments; or another negative errno.  why: the reason, or "" if it was printed. */
int module_verb(json_t *params, const char *file, bool json, char *why, size_t size);

#endif
