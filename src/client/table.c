/*
 * table: prints rows of text in columns on a terminal.
 */
#include "client/table.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/memory.h"
#include "base/text.h"

#define GAP 2

/* On a terminal the first column, which has the names, is narrowed down to FIRST_MIN columns, and
 * then the others to OTHER_MIN, so that the last one has at least LAST_MIN. */
#define FIRST_MIN 12
#define OTHER_MIN 8
#define LAST_MIN  30

struct cell {
	char *text;
	enum colour colour;
};

struct table {
	size_t columns, count; /* count: of cells */
	unsigned width;
	bool colours;
	struct cell *cells; /* owned; the headings are the first row */
};

static const char *const codes[] = {
	[COLOUR_NONE] = "",
	[COLOUR_GOOD] = "\033[32m",
	[COLOUR_WARN] = "\033[33m",
	[COLOUR_BAD] = "\033[1;31m",
	[COLOUR_DIM] = "\033[2m",
};

/* The width of the next character of a UTF-8 text, in columns.  *took: its length in bytes. */
static size_t next_width(const char *text, size_t *took)
{
	mbstate_t state = {0};
	wchar_t c;
	size_t n = mbrtowc(&c, text, strlen(text), &state);
	int width;

	*took = 1;
	if (n == (size_t)-1 || n == (size_t)-2 || n == 0)
		return 1;
	*took = n;
	width = wcwidth(c);
	return width > 0 ? (size_t)width : 0;
}

size_t table_width(const char *text)
{
	size_t width = 0, took;

	for (; *text != '\0'; text += took)
		width += next_width(text, &took);
	return width;
}

struct table *table_new(const char *const *headings, size_t columns, unsigned width, bool colours)
{
	struct table *table = memory_zero(sizeof(*table));

	/* Cells are UTF-8 whatever the user's locale is, and wcwidth needs a UTF-8 locale. */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		setlocale(LC_CTYPE, "");
	table->columns = columns;
	table->width = width;
	table->colours = colours;
	for (size_t i = 0; i < columns; i++)
		table_add(table, COLOUR_DIM, headings[i]);
	return table;
}

void table_free(struct table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

void table_add(struct table *table, enum colour colour, const char *text)
{
	size_t size = 4 * strlen(text) + 8;
	char *clean = memory_zero(size);

	text_escape(clean, size, text, strlen(text));
	table->cells = memory_grow(table->cells, table->count + 1, sizeof(*table->cells));
	table->cells[table->count++] = (struct cell){clean, colour};
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t widest = 0, width;

	for (size_t i = column; i < table->count; i += table->columns) {
		width = table_width(table->cells[i].text);
		if (width > widest)
			widest = width;
	}
	return widest;
}

/* Prints as much of the text as fits into room columns.  Returns the number of columns used. */
static size_t print_cut(const char *text, size_t room, FILE *to)
{
	size_t width = 0, took, next;

	if (table_width(text) <= room)
		room = SIZE_MAX;
	else
		room--; /* one column for the "~" of a truncated text */
	for (; *text != '\0'; text += took) {
		next = next_width(text, &took);
		if (width + next > room) {
			fputs("~", to);
			return width + 1;
		}
		fwrite(text, 1, took, to);
		width += next;
	}
	return width;
}

static void print_row(const struct table *table, size_t first, const size_t *widths, FILE *to)
{
	size_t used = 0, took, room;

	for (size_t i = 0; i < table->columns && first + i < table->count; i++) {
		const struct cell *cell = &table->cells[first + i];
		bool last = i + 1 == table->columns;

		room = last ? SIZE_MAX : widths[i];
		if (last && table->width > used + 8)
			room = table->width - used;
		if (table->colours)
			fputs(codes[cell->colour], to);
		took = print_cut(cell->text, room, to);
		if (table->colours && cell->colour != COLOUR_NONE)
			fputs("\033[0m", to);
		if (!last)
			fprintf(to, "%*s", (int)(widths[i] - took + GAP), "");
		used += widths[i] + GAP;
	}
	fputc('\n', to);
}

/* Returns the widest column in between. */
static size_t widest_of(const struct table *table, const size_t *widths)
{
	size_t widest = 1;

	for (size_t i = 2; i + 1 < table->columns; i++)
		if (widths[i] > widths[widest])
			widest = i;
	return widest;
}

/* If the last column has too few columns of the terminal, takes them from the first one and then
 * from the widest ones in between. */
static void narrow_others(const struct table *table, size_t *widths)
{
	size_t last = column_width(table, table->columns - 1);
	size_t needed = last < LAST_MIN ? last : LAST_MIN,
	       spare = widths[0] > FIRST_MIN ? widths[0] - FIRST_MIN : 0, missing, widest;

	for (size_t i = 0; i + 1 < table->columns; i++)
		needed += widths[i] + GAP;
	missing = table->width > 0 && needed > table->width ? needed - table->width : 0;
	if (missing < spare)
		spare = missing;
	widths[0] -= spare;
	for (missing -= spare; missing > 0 && table->columns > 2; missing--) {
		widest = widest_of(table, widths);
		if (widths[widest] <= OTHER_MIN)
			return;
		widths[widest]--;
	}
}

void table_print(const struct table *table, FILE *to)
{
	size_t *widths = memory_zero(table->columns * sizeof(*widths));

	for (size_t i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	narrow_others(table, widths);
	for (size_t i = 0; i < table->count; i += table->columns)
		print_row(table, i, widths, to);
	free(widths);
}
