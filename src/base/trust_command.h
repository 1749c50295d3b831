/*
 * trust_command: whether vigild may run a command line: the program, and the script where the program is
 * an interpreter.
 */
#ifndef TRUST_COMMAND_H
#define TRUST_COMMAND_H

#include <limits.h>
#include <stddef.h>

#include "base/trust.h"

struct trust_command {
	const char *const *argv;
	const char *path;       /* where argv[0] without a slash is sought; NULL: vigild's PATH */
	const char *inner_path; /* where a wrapper such as env seeks its program; NULL: the same */
	const char *directory;  /* where it runs; NULL: / */
	const struct trust_user *user; /* as whom it runs; NULL: vigild's user */
};

/* The PATH that vigild itself seeks programs in. */
const char *trust_own_path(void);

/* Finds the file that would be executed: the program itself where it has a slash, relative to the
 * directory; else the first in path that can be executed.  Returns 0, or a negative errno. */
int trust_find_program(
	const char *program, const char *path, const char *directory, char found[PATH_MAX]);

/* Judges the program, and where it is a known interpreter or a wrapper such as env the script or program
 * that its arguments name.  Returns 0 with the program's path in found, which is what must be executed; or a
 * negative errno and the reason in why.  Where there is no program that can be executed, found is "". */
int trust_command(
	const struct trust_command *command, char found[PATH_MAX], char *why, size_t size);

#endif
