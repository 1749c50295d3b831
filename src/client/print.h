/*
 * print: prints the replies of vigild for people.
 */
#ifndef PRINT_H
#define PRINT_H

#include <jansson.h>

/* Prints the result of a verb.  A verb without its own format is printed as JSON.  flags: the
 * PRINT_ flags of print_table.h. */
void print_result(const char *verb, json_t *result, unsigned flags);

#endif
