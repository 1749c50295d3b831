/*
 * ini: one INI file as a list of lines that mean something, each with its place.
 */
#ifndef INI_H
#define INI_H

#include <stddef.h>

#include "base/diagnostic.h"

struct ini_line {
	const char *section;
	const char *key;   /* NULL: the section's header itself */
	const char *value; /* "" where nothing stands; NULL with a header */
	int line;
};

struct ini {
	struct ini_line *lines; /* headers and keys, in the order of the file */
	size_t count, room;
	char *text; /* of the file, in which all of them stand */
};

#define INI_SIZE_MAX (16 * 1024 * 1024)

/* Reads and parses what lies at path; all that is wrong with the syntax goes to the diagnostics,
 * which call it file.  0; -ENOENT where there is no such file (nothing is said); -EINVAL
 * with diagnostics. */
int ini_read(const char *path, const char *file, struct ini *ini, struct diagnostics *diagnostics);
void ini_clear(struct ini *ini);

/* What to tell an admin whose value begins and ends with quotes, or has a comment behind it: text
 * to put behind a message, "; vigil has no ...".  "": the value looks like neither. */
const char *ini_hint(const char *value);

#endif
