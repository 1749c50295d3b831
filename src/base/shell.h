/*
 * shell: finds shell syntax in a command line that vigild runs without a shell.
 */
#ifndef SHELL_H
#define SHELL_H

#include <stdbool.h>
#include <stddef.h>

/* Returns true if the command line, which is in shell quoting, contains an unquoted operator,
 * expansion or comment, such as | ; && > 2>&1 $(date) `date` $HOME, or # at the start of a word.
 * Writes it to found, truncated to size.  argv is the command line, split into words.  An expansion
 * in double quotes counts as well, unless one of the words is a shell, because that shell would
 * expand it. */
bool shell_syntax(const char *text, const char *const *argv, char *found, size_t size);

#endif
