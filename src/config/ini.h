/*
 * ini: parses one INI file into a list of headers and keys with their lines.
 */
#ifndef INI_H
#define INI_H

#include <stddef.h>

#include "base/diagnostic.h"

struct ini_line {
	const char *section;
	const char *key;   /* NULL: the section's header itself */
	const char *value; /* "" if there is none; NULL for a header */
	int line;
};

struct ini {
	struct ini_line *lines; /* headers and keys, in the order of the file */
	size_t count, room;
	char *text; /* of the file; all lines point into it */
};

#define INI_SIZE_MAX (16 * 1024 * 1024)

/* Reads and parses the file at path.  All syntax errors go to the diagnostics, which name the file
 * as `file`.  Returns 0; -ENOENT if there is no such file (without a diagnostic); or -EINVAL with
 * diagnostics. */
int ini_read(const char *path, const char *file, struct ini *ini, struct diagnostics *diagnostics);
void ini_clear(struct ini *ini);

/* Returns a hint for a value that is enclosed in quotes or followed by a comment: text to append to
 * a message, "; vigil has no ...".  "": the value has neither. */
const char *ini_hint(const char *value);

#endif
