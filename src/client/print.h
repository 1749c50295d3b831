/*
 * print: prints the replies of vigild for people.
 */
#ifndef PRINT_H
#define PRINT_H

#include <stdio.h>

#include <jansson.h>

/* Sets the stream for all following output; NULL: stdout.  The width and the colours stay those of
 * stdout. */
void print_to(FILE *to);
/* Prints the result of a verb.  A verb without its own format is printed as JSON.  flags: the
 * PRINT_ flags of print_table.h. */
void print_result(const char *verb, json_t *result, unsigned flags);
/* Prints JSON with escapes for all characters that a terminal might interpret.  The output is still
 * valid JSON. */
void print_json(json_t *value);
void print_json_line(json_t *value);
/* Prints a text unchanged, but on a terminal like print_clean. */
void print_bare(const char *text);
/* Prints untrusted text on one line, escaped for a terminal.  NULL: prints nothing. */
void print_clean(const char *text);
/* The same for text that vigild wrote, which may already have escapes: backslashes are not
 * escaped. */
void print_message(FILE *to, const char *text);
/* print_message to the current stream, followed by a newline. */
void print_line(const char *text);

#endif
