/*
 * print_errors: prints what the program of a daemon wrote to stderr, and what was left out of its
 * output.
 */
#ifndef PRINT_ERRORS_H
#define PRINT_ERRORS_H

#include <jansson.h>

/* Prints one line and its newline. */
typedef void print_line_fn(const char *line);

/* Prints these members of /daemons/NAME for explain.  Prints nothing if they are absent. */
void print_errors(const json_t *state, print_line_fn *print);

#endif
