/*
 * print_text: prints text and JSON so that a terminal interprets nothing in it.
 *
 * Output goes to stdout, or to the stream that print_to has set, for tests.  The stream is a static
 * variable, so that it need not be passed to every function that prints.
 */
#ifndef PRINT_TEXT_H
#define PRINT_TEXT_H

#include <stdio.h>

#include <jansson.h>

/* Sets the stream for all following output; NULL: stdout.  The width and the colours stay those of
 * stdout. */
void print_to(FILE *to);
FILE *print_stream(void);

/* Prints text with escapes for all characters that a terminal might interpret, except those in
 * keep. */
void print_escaped(FILE *to, const char *text, size_t length, const char *keep);
/* The same for the current stream; NULL: prints nothing. */
void print_clean(const char *text);
/* Prints a text on one line, escaped, and frees it. */
void print_new(char *text);
/* Prints a text unchanged, but escaped on a terminal. */
void print_bare(const char *text);
/* Prints text that vigild wrote, escaped for a terminal.  It may already have escapes: backslashes
 * are not escaped.  NULL: prints nothing. */
void print_message(FILE *to, const char *text);
/* print_message to the current stream, followed by a newline. */
void print_line(const char *text);

/* Prints JSON with escapes for all characters that a terminal might interpret.  The output is still
 * valid JSON. */
void print_json(json_t *value);
void print_json_line(json_t *value);

#endif
