/*
 * shell: what only a shell would understand in a command line that no shell runs.
 */
#ifndef SHELL_H
#define SHELL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the command line, which is in shell quoting, holds an operator, an expansion or a comment
 * that is not quoted, such as | ; && > 2>&1 $(date) `date` $HOME or # at the start of a word: in
 * found, cut to size.  argv: its words.  Expansions in double quotes count as well, unless one of
 * the words is a shell, which would then expand them. */
bool shell_syntax(const char *text, const char *const *argv, char *found, size_t size);

#endif
