/*
 * option: values checked against a schema.
 *
 * A schema is a table of vigil_option rows; a module has one for its daemons, and the [vigil]
 * section has one of its own.  A set is the result: every option of the schema with its value,
 * given or default, of the right type and in range.  Sets are immutable and counted.
 */
#ifndef OPTION_H
#define OPTION_H

#include <vigil/vigil.h>

#include "base/diagnostic.h"
#include "config/option_value.h"

/* One `key = value` as it stands in a file. */
struct option_given {
	const char *key;
	const char *value;
	const char *file;
	int line;
};

struct option_set;

/* Checks the schema itself (a module's mistake): no NULL names, no doubles, defaults that
 * parse and are in range, choices present.  0 or -EINVAL with the reason in why. */
int option_schema_check(const vigil_option *schema, char *why, size_t size);

/* Checks what was given; whatever is wrong goes to the diagnostics, with a suggestion for a key
 * or a choice nearly right, and then NULL is returned.  where: what the file calls the place,
 * such as "[daemon:x]", with file and line of it for what is missing.  schema may be NULL (no
 * options) and must outlive the set. */
struct option_set *option_set_new(const vigil_option *schema, const struct option_given *given,
	size_t count, const char *where, const char *file, int line,
	struct diagnostics *diagnostics);
struct option_set *option_set_ref(struct option_set *set);
void option_set_unref(struct option_set *set);
/* What everybody may read of a value of that option: the text itself, or *** for a secret. */
const char *option_shown(const vigil_option *row, const char *text);
/* Whether both came from one schema and have equal values. */
bool option_set_equal(const struct option_set *a, const struct option_set *b);
/* The same by name alone, for one option. */
bool option_set_differs(const struct option_set *a, const struct option_set *b, const char *name);

/* One value.  NULL when the schema has no such option. */
const struct option_value *option_get(const struct option_set *set, const char *name);
/* What was given, one by one, in the order it was; NULL after the last. */
const struct option_value *option_set_given(const struct option_set *set, size_t index);

#endif
