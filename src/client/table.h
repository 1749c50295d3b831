/*
 * table: rows of text in columns, for people at a terminal.
 *
 * What is put in is escaped, so text of strangers does no harm; colours only where asked for.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_WARN, COLOUR_BAD, COLOUR_DIM };

struct table;

/* width: of the terminal in columns, to which the last column is cut; 0: nothing is cut. */
struct table *table_new(const char *const *headings, size_t columns, unsigned width, bool colours);
void table_free(struct table *table);
/* Cells fill a row from the left; a full row begins the next. */
void table_add(struct table *table, enum colour colour, const char *text);
void table_print(const struct table *table, FILE *to);

/* How many columns a UTF-8 text takes on a terminal. */
size_t table_width(const char *text);

#endif
