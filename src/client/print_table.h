/*
 * print_table: prints the replies of vigild that are tables: status, list, modules and services.
 */
#ifndef PRINT_TABLE_H
#define PRINT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#define PRINT_VERBOSE     1U /* status: more columns */
#define PRINT_WORST_FIRST 2U /* status: sorted by health; on a terminal it always is */

/* Whether the output is a terminal that understands control sequences: not one with TERM=dumb. */
bool print_can_control(void);
/* Prints the result of a verb as a table.  False: the verb has no table.  flags: of PRINT_. */
bool print_table(FILE *to, const char *verb, json_t *result, unsigned flags);

#endif
