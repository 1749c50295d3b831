/*
 * trust_command: checks whether vigild may run a command line: its program and, if the program is
 * an interpreter, its script.
 */
#ifndef TRUST_COMMAND_H
#define TRUST_COMMAND_H

#include <limits.h>
#include <stddef.h>

#include "base/trust.h"

struct trust_command {
	const char *const *argv;
	const char *path;              /* the PATH for argv[0]; NULL: vigild's PATH */
	const char *inner_path;        /* the PATH of a wrapper such as env; NULL: the same */
	const char *directory;         /* the working directory of the program; NULL: / */
	const struct trust_user *user; /* the user of the program; NULL: vigild's user */
};

/* Returns the PATH in which vigild itself looks up programs. */
const char *trust_own_path(void);

/* Finds the file that would be executed.  A program with a slash is taken relative to the
 * directory.  Otherwise it is the first file in path that can be executed.  Returns 0, or a
 * negative errno. */
int trust_find_program(
	const char *program, const char *path, const char *directory, char found[PATH_MAX]);

/* Checks the program and, if it is a known interpreter or a wrapper such as env, the script or
 * program in its arguments.  Returns 0 and the program's path in found, which is the file that must
 * be executed; or a negative errno and the reason in why.  found is "" if there is no program that
 * can be executed. */
int trust_command(
	const struct trust_command *command, char found[PATH_MAX], char *why, size_t size);

#endif
