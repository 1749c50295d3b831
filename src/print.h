/*
 * print: the answers of vigild as people read them.
 */
#ifndef PRINT_H
#define PRINT_H

#include <jansson.h>

/* Prints the result of a verb to stdout; JSON where it has no form of its own. */
void print_result(const char *verb, json_t *result);
void print_json(json_t *value);
/* Text of strangers, one line, safe for a terminal. */
void print_clean(const char *text);

#endif
