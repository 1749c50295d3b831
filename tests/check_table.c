/* check_table: tables with aligned columns, for any text. */
#include "client/table.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static char *printed;

/* Prints rows of two cells under headings A and B. */
static const char *print(unsigned width, bool colours, const char *const *cells, size_t count)
{
	static const char *const headings[] = {"A", "B"};
	struct table *table = table_new(headings, 2, width, colours);
	size_t size;
	FILE *to;

	free(printed);
	to = open_memstream(&printed, &size);
	ck_assert_ptr_nonnull(to);
	for (size_t i = 0; i < count; i++)
		table_add(table, i % 2 == 0 ? COLOUR_NONE : COLOUR_BAD, cells[i]);
	table_print(table, to);
	ck_assert_int_eq(fclose(to), 0);
	table_free(table);
	return printed;
}
#define PRINT(width, colours, ...)                                    \
	print((width), (colours), (const char *const[]){__VA_ARGS__}, \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

START_TEST(columns_are_as_wide_as_their_widest_cell)
{
	ck_assert_str_eq(PRINT(0, false, "x", "y", "longer", "z"), "A       B\n"
								   "x       y\n"
								   "longer  z\n");
	ck_assert_str_eq(print(0, false, NULL, 0), "A  B\n");
	ck_assert_str_eq(PRINT(0, false, "", "y"), "A  B\n   y\n");
}
END_TEST

START_TEST(width_is_counted_in_characters_in_any_locale)
{
	static const char *const locales[] = {"C", "C.UTF-8"};

	for (int i = 0; i < 2; i++) {
		setenv("LC_ALL", locales[i], 1);
		setlocale(LC_ALL, "");
		ck_assert_str_eq(PRINT(0, false, "\xc3\xa4\xc3\xb6", "y", "abc", "z"),
			"A    B\n"
			"\xc3\xa4\xc3\xb6   y\n"
			"abc  z\n");
		/* these have two columns each; a combining accent has none */
		ck_assert_uint_eq(table_width("\xe6\xbc\xa2\xe5\xad\x97"), 4);
		ck_assert_uint_eq(table_width("e\xcc\x81"), 1);
		ck_assert_uint_eq(table_width(""), 0);
		ck_assert_str_eq(PRINT(0, false, "\xe6\xbc\xa2", "y", "abc", "z"),
			"A    B\n"
			"\xe6\xbc\xa2   y\n"
			"abc  z\n");
	}
}
END_TEST

START_TEST(the_last_column_is_cut_at_the_width_of_the_terminal)
{
	ck_assert_str_eq(PRINT(15, false, "name", "0123456789"), "A     B\nname  01234567~\n");
	ck_assert_str_eq(PRINT(16, false, "name", "0123456789"), "A     B\nname  0123456789\n");
	ck_assert_str_eq(PRINT(0, false, "name", "0123456789"), "A     B\nname  0123456789\n");
	/* no character is cut, not even a wide one */
	ck_assert_str_eq(PRINT(15, false, "name",
				 "\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2"),
		"A     B\nname  \xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2~\n");
	/* too narrow to cut: the terminal wraps the line */
	ck_assert_str_eq(PRINT(8, false, "name", "0123456789"), "A     B\nname  0123456789\n");
}
END_TEST

START_TEST(the_first_column_makes_room_for_the_last)
{
	static const char name[] = "a-name-of-27-characters-yes";
	static const char text[] = "0123456789012345678901234567890";

	ck_assert_str_eq(PRINT(50, false, name, text),
		"A                   B\n"
		"a-name-of-27-char~  01234567890123456789012345678~\n");
	/* it keeps 12 columns */
	ck_assert_str_eq(PRINT(24, false, name, text), "A             B\n"
						       "a-name-of-2~  012345678~\n");
}
END_TEST

START_TEST(then_the_widest_of_the_others_make_room)
{
	static const char *const headings[] = {"NAME", "MODULE", "SERVICE", "TEXT"};
	struct table *table = table_new(headings, 4, 70, false);
	size_t size;
	FILE *to;

	free(printed);
	to = open_memstream(&printed, &size);
	table_add(table, COLOUR_NONE, "a-name-of-27-characters-yes");
	table_add(table, COLOUR_NONE, "module-1234");
	table_add(table, COLOUR_NONE, "a-service-of-31-characters-long");
	table_add(table, COLOUR_NONE, "0123456789012345678901234567890");
	table_print(table, to);
	ck_assert_int_eq(fclose(to), 0);
	table_free(table);
	ck_assert_str_eq(printed,
		"NAME          MODULE       SERVICE      TEXT\n"
		"a-name-of-2~  module-1234  a-service-~  01234567890123456789012345678~\n");
}
END_TEST

START_TEST(colours_do_not_count_as_width)
{
	ck_assert_str_eq(PRINT(0, true, "x", "y"), "\033[2mA\033[0m  \033[2mB\033[0m\n"
						   "x  \033[1;31my\033[0m\n");
	ck_assert_ptr_null(strchr(PRINT(0, false, "x", "y"), '\033'));
	ck_assert_str_eq(PRINT(15, true, "name", "0123456789"),
		"\033[2mA\033[0m     \033[2mB\033[0m\nname  \033[1;31m01234567~\033[0m\n");
}
END_TEST

START_TEST(foreign_text_is_escaped)
{
	ck_assert_str_eq(PRINT(0, false, "a\nb", "\033[2J\a", "c", "\xff\x80 \xc2\x9b\xe2\x80\xae"),
		"A     B\n"
		"a\\nb  \\x1B[2J\\x07\n"
		"c     \\xFF\\x80 \\u{9B}\\u{202E}\n");
}
END_TEST

SUITE("table", NULL, NULL)
{
	TEST(columns_are_as_wide_as_their_widest_cell);
	TEST(width_is_counted_in_characters_in_any_locale);
	TEST(the_last_column_is_cut_at_the_width_of_the_terminal);
	TEST(the_first_column_makes_room_for_the_last);
	TEST(then_the_widest_of_the_others_make_room);
	TEST(colours_do_not_count_as_width);
	TEST(foreign_text_is_escaped);
}
