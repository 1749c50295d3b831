/*
 * option: checks values by a schema.
 *
 * A schema is a table of vigil_option rows.  Each module has one for its daemons, and the section
 * [vigil] has one.  A set is the result of a check.  It contains every option of the schema with
 * its configured value or its default, of the right type and in range.  Sets are immutable and
 * reference-counted.
 */
#ifndef OPTION_H
#define OPTION_H

#include <vigil/vigil.h>

#include "base/diagnostic.h"
#include "config/option_value.h"

/* One `key = value` of a file, before the check. */
struct option_given {
	const char *key;
	const char *value;
	const char *file;
	int line;
	const char *section; /* [module:NAME] of a default; NULL: the daemon's own section */
};

struct option_set;

/* Returns true if the schema has an option with that name.  schema NULL: false. */
bool option_schema_has(const vigil_option *schema, const char *name);
/* Checks the schema itself, in which an error is a bug in the module: no name is empty, a duplicate
 * or "module", the types are known, the defaults are valid and in range, and choices are present.
 * Returns 0, or -EINVAL and the reason in why. */
int option_schema_check(const vigil_option *schema, char *why, size_t size);

/* Checks raw options.  All errors go to the diagnostics, with a suggestion for a misspelled key or
 * choice; then the function returns NULL.  where is the name of the section in messages, such as
 * "[daemon:x]".  file and line are those of the section, for an option that is missing.  schema may
 * be NULL (no options) and must outlive the set. */
struct option_set *option_set_new(const vigil_option *schema, const struct option_given *given,
	size_t count, const char *where, const char *file, int line,
	struct diagnostics *diagnostics);
/* The same for a section that has options of another schema, too.  These are ignored here, except
 * for suggestions. */
struct option_set *option_set_new_besides(const vigil_option *schema, const vigil_option *others,
	const struct option_given *given, size_t count, const char *where, const char *file,
	int line, struct diagnostics *diagnostics);
/* Checks raw options that need not be complete.  others: as above; NULL: none.  Returns false and
 * adds diagnostics if one is invalid. */
bool option_check_given(const vigil_option *schema, const vigil_option *others,
	const struct option_given *given, size_t count, const char *where,
	struct diagnostics *diagnostics);
struct option_set *option_set_ref(struct option_set *set);
void option_set_unref(struct option_set *set);
/* Returns the text of a value that every user may read: the text itself, or *** for a secret. */
const char *option_shown(const vigil_option *row, const char *text);
/* Returns true if both sets have the same schema and equal values. */
bool option_set_equal(const struct option_set *a, const struct option_set *b);
/* Returns true if one option, found by its name, differs between two sets, also of different
 * schemas. */
bool option_set_differs(const struct option_set *a, const struct option_set *b, const char *name);

/* Returns the schema of the set; NULL: it has no options. */
const vigil_option *option_set_schema(const struct option_set *set);
/* Returns one value, or NULL if the schema has no such option. */
const struct option_value *option_get(const struct option_set *set, const char *name);
/* Returns the elements of a VIGIL_LIST, ended by NULL; NULL: the set has no such list, or the list
 * is empty.  Modules may use the same name for an option of another type. */
const char *const *option_list(const struct option_set *set, const char *name);
/* Returns the configured values one by one, in their order; NULL after the last. */
const struct option_value *option_set_given(const struct option_set *set, size_t index);

#endif
