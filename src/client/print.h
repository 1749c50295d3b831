/*
 * print: the answers of vigild as people read them.
 */
#ifndef PRINT_H
#define PRINT_H

#include <stdio.h>

#include <jansson.h>

/* Where all that follows goes, with stdout's width and colours; NULL: stdout. */
void print_to(FILE *to);
/* Prints the result of a verb; JSON where it has no form of its own. */
void print_result(const char *verb, json_t *result);
/* JSON that is JSON still, with all that a terminal might act on escaped. */
void print_json(json_t *value);
void print_json_line(json_t *value);
/* A text as it is; on a terminal as print_clean. */
void print_bare(const char *text);
/* Text of strangers on one line, safe for a terminal.  NULL: nothing. */
void print_clean(const char *text);
/* The same for what vigild has written, which may hold escapes already: backslashes stay. */
void print_message(FILE *to, const char *text);
/* That, as a line. */
void print_line(const char *text);

#endif
