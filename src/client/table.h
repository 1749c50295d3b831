/*
 * table: prints rows of text in columns on a terminal.
 *
 * The text is escaped, so untrusted text is safe.  Colours are used only if the caller asks for
 * them.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_WARN, COLOUR_BAD, COLOUR_DIM };

struct table;

/* width: columns of the terminal, to which the last column is truncated, and the first one if
 * necessary; 0: nothing is truncated. */
struct table *table_new(const char *const *headings, size_t columns, unsigned width, bool colours);
void table_free(struct table *table);
/* Cells fill a row from the left.  The cell after a full row starts the next row. */
void table_add(struct table *table, enum colour colour, const char *text);
void table_print(const struct table *table, FILE *to);

/* The number of columns that a UTF-8 text needs on a terminal. */
size_t table_width(const char *text);

#endif
