/* check_diagnostic: the format, escaping and order of diagnostics. */
#include "base/diagnostic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

START_TEST(diagnostics_are_formatted)
{
	struct diagnostics c = {0};

	diagnostic_add(&c, "/etc/vigil.conf", 12, "unknown option \"%s\"", "x");
	diagnostic_add(&c, "/etc/vigil.conf", 0, "cannot be read");
	diagnostic_add(&c, NULL, 7, "alone, %d%%", 100);
	ck_assert_uint_eq(c.count, 3);
	ck_assert_str_eq(c.list[0].text, "/etc/vigil.conf:12: unknown option \"x\"");
	ck_assert_str_eq(c.list[0].file, "/etc/vigil.conf");
	ck_assert_int_eq(c.list[0].line, 12);
	ck_assert_str_eq(c.list[1].text, "/etc/vigil.conf: cannot be read");
	ck_assert_str_eq(c.list[2].text, "alone, 100%");
	ck_assert_ptr_null(c.list[2].file);

	diagnostics_clear(&c);
	ck_assert_uint_eq(c.count, 0);
	ck_assert_ptr_null(c.list);
	diagnostics_clear(&c);
}
END_TEST

/* The contents or the name of a file must not send control characters to a terminal or start a new
 * line. */
START_TEST(control_characters_are_escaped)
{
	struct diagnostics c = {0};
	char nasty[256];
	const char *p;
	size_t i;

	for (i = 0; i < 255; i++)
		nasty[i] = (char)(i + 1);
	nasty[255] = '\0';
	diagnostic_add(&c, "a\nb", 1, "value \"%s\"", nasty);
	diagnostic_add(&c, "f", 1, "\x1b[2J and \xc3\xa4");
	for (p = c.list[0].text; *p; p++)
		ck_assert(*p >= ' ' && *p < 0x7f);
	ck_assert_int_eq(strncmp(c.list[0].text, "a\\nb:1: value \"\\x01", 18), 0);
	ck_assert_str_eq(c.list[0].text + strlen(c.list[0].text) - 5, "\\xFF\"");
	ck_assert_ptr_null(strchr(c.list[1].text, '\x1b'));
	ck_assert_ptr_nonnull(strstr(c.list[1].text, "and \xc3\xa4"));
	diagnostics_clear(&c);
}
END_TEST

START_TEST(diagnostics_are_sorted)
{
	static const struct {
		const char *file;
		int line;
		const char *word;
	} rows[] = {{"z", 9, "a"}, {"b", 5, "b"}, {"z", 3, "c"}, {NULL, 2, "d"}, {"b", 0, "e"},
		{"z", 9, "f"}, {NULL, 1, "g"}, {"z", 3, "h"}, {"b", 6, "i"}};
	struct diagnostics c = {0};
	char words[32] = "";
	size_t i;

	diagnostics_sort(&c);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		diagnostic_add(&c, rows[i].file, rows[i].line, "%s", rows[i].word);
	diagnostics_sort(&c);
	for (i = 0; i < c.count; i++)
		strcat(words, c.list[i].text + strlen(c.list[i].text) - 1);
	ck_assert_str_eq(words, "chafebigd");
	diagnostics_sort(&c);
	ck_assert_str_eq(c.list[0].text, "z:3: c");
	ck_assert_str_eq(c.list[8].text, "d");
	diagnostics_clear(&c);
}
END_TEST

/* A note is not an error, and is dropped for a line that has an error. */
START_TEST(notes_are_not_errors)
{
	struct diagnostics c = {0};

	diagnostic_note(&c, "f", 3, "looks odd");
	diagnostic_note(&c, NULL, 0, "alone");
	ck_assert_uint_eq(c.count, 2);
	ck_assert_uint_eq(c.errors, 0);
	ck_assert(c.list[0].note);
	ck_assert_str_eq(c.list[0].text, "f:3: note: looks odd");
	ck_assert_str_eq(c.list[1].text, "note: alone");
	diagnostic_add(&c, "g", 3, "another file");
	diagnostic_add(&c, "f", 4, "another line");
	ck_assert_uint_eq(c.count, 4);
	diagnostic_add(&c, "f", 3, "is wrong");
	diagnostic_note(&c, "f", 3, "looks odd");
	diagnostic_note(&c, "f", 0, "the file as a whole");
	ck_assert_uint_eq(c.count, 5);
	ck_assert_uint_eq(c.errors, 3);
	ck_assert_str_eq(c.list[0].text, "note: alone");
	diagnostics_clear(&c);
	ck_assert_uint_eq(c.errors, 0);
}
END_TEST

SUITE("diagnostic", NULL, NULL)
{
	TEST(diagnostics_are_formatted);
	TEST(control_characters_are_escaped);
	TEST(diagnostics_are_sorted);
	TEST(notes_are_not_errors);
}
