/* check_ini: the lines of one file and their errors. */
#include "config/ini.h"

#include <errno.h>

#include "scratch.h"
#include "suite.h"

static struct diagnostics diagnostics;
static struct ini ini;

static void setup(void)
{
	scratch_setup();
	diagnostics = (struct diagnostics){0};
}

static void teardown(void)
{
	diagnostics_clear(&diagnostics);
	ini_clear(&ini);
	scratch_teardown();
}

static int read_bytes(const char *text, size_t length)
{
	char *path = scratch_path("a.conf");
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
	diagnostics_clear(&diagnostics);
	ini_clear(&ini);
	return ini_read(path, path, &ini, &diagnostics);
}

/* Returns the lines that were read, as "line section[ key=value];...". */
static const char *shown(void)
{
	static char buf[4096];
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ini.count; i++) {
		const struct ini_line *l = &ini.lines[i];

		ck_assert(l->key != NULL || l->value == NULL);
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%d %s%s%s%s%s;", l->line,
			l->section, l->key != NULL ? " " : "", l->key != NULL ? l->key : "",
			l->key != NULL ? "=" : "", l->key != NULL ? l->value : "");
		ck_assert_uint_lt(n, sizeof(buf));
	}
	return buf;
}

/* Returns the diagnostics as "line: message|...", without the file name. */
static const char *said(void)
{
	static char buf[4096];
	size_t n = 0;

	buf[0] = '\0';
	diagnostics_sort(&diagnostics);
	for (size_t i = 0; i < diagnostics.count; i++) {
		const struct diagnostic *c = &diagnostics.list[i];

		ck_assert_str_eq(c->file, scratch_path("a.conf"));
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%d: %s", i > 0 ? "|" : "",
			c->line, strstr(c->text, ": ") + 2);
		ck_assert_uint_lt(n, sizeof(buf));
	}
	return buf;
}

#define GOOD(text, expected)                                     \
	do {                                                     \
		int err = read_bytes("" text, sizeof(text) - 1); \
		ck_assert_msg(err == 0, "%s", said());           \
		ck_assert_uint_eq(diagnostics.count, 0);         \
		ck_assert_str_eq(shown(), expected);             \
	} while (0)

#define BAD(text, expected)                                                       \
	do {                                                                      \
		ck_assert_int_eq(read_bytes("" text, sizeof(text) - 1), -EINVAL); \
		ck_assert_str_eq(said(), expected);                               \
		ck_assert_uint_eq(ini.count, 0);                                  \
	} while (0)

START_TEST(sections_and_keys_are_read)
{
	GOOD("", "");
	GOOD("\n", "");
	GOOD("  \n\t\n\r\n", "");
	GOOD("# only\n; comments", "");
	GOOD("[v]", "1 v;");
	GOOD("[v]\n\n[w]\n", "1 v;3 w;");
	GOOD("[v]\na = 1\nb=2\nc =3", "1 v;2 v a=1;3 v b=2;4 v c=3;");
	GOOD("[v]\na=1\n[w]\n# x\na=2\n\nb=3\n[x]\n", "1 v;2 v a=1;3 w;5 w a=2;7 w b=3;8 x;");
	GOOD("[default]\na = 1\nb = 2\n", "1 default;2 default a=1;3 default b=2;");
	GOOD("[daemon:a.b@c]\nx.y-z_0 = 1\n", "1 daemon:a.b@c;2 daemon:a.b@c x.y-z_0=1;");
}
END_TEST

START_TEST(values_are_read)
{
	GOOD("[v]\na =\nb = \nc = \t \n", "1 v;2 v a=;3 v b=;4 v c=;");
	GOOD("[v]\na = x # y ; z\nb = #;\n", "1 v;2 v a=x # y ; z;3 v b=#;;");
	GOOD("[v]\na = b = c\nd = \"q\" 's'\n", "1 v;2 v a=b = c;3 v d=\"q\" 's';");
	GOOD("[v]\na =   x   y  \t\n", "1 v;2 v a=x   y;");
	GOOD("[v]\na = x\\\nb = [w]\n", "1 v;2 v a=x\\;3 v b=[w];");
	GOOD("[v]\na = /* x\nb = */\n", "1 v;2 v a=/* x;3 v b=*/;");
	GOOD("[v]\na = \xc3\xa4\xe2\x82\xac\n", "1 v;2 v a=\xc3\xa4\xe2\x82\xac;");
	GOOD("[v]\na = %s %n ${x} \\t\n", "1 v;2 v a=%s %n ${x} \\t;");
}
END_TEST

/* Line ends and indentation do not matter. */
START_TEST(line_ends_and_indentation_are_ignored)
{
	GOOD("[v]\r\na = 1\r\n\r\n[w]\r\nb =\r\n# c\r\nd = x\r", "1 v;2 v a=1;4 w;5 w b=;7 w d=x;");
	GOOD("\xef\xbb\xbf[v]\na = 1\n", "1 v;2 v a=1;");
	GOOD("\xef\xbb\xbf", "");
	GOOD("[v]\n\ta = 1\n  b = 2\n\t # c = 3\n  ; d\n c=x\n", "1 v;2 v a=1;3 v b=2;6 v c=x;");
	GOOD("  [v]  \na = 1\n\t[ w ]\nb = 2\n", "1 v;2 v a=1;3 w;4 w b=2;");
}
END_TEST

START_TEST(a_line_may_be_long)
{
	size_t size = 600 * 1000;
	char *text = malloc(size + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', size);
	text[size] = '\0';
	memcpy(text, "[v]\na = 1\nb = ", 14);
	memcpy(text + size - 7, "\nc = 2\n", 7);
	ck_assert_int_eq(read_bytes(text, size), 0);
	ck_assert_uint_eq(ini.count, 4);
	ck_assert_uint_eq(strlen(ini.lines[2].value), size - 14 - 7);
	ck_assert_int_eq(ini.lines[3].line, 4);
	ck_assert_str_eq(ini.lines[3].value, "2");
	free(text);
}
END_TEST

#define BAD_TEXT(text, expected)                                           \
	do {                                                               \
		ck_assert_int_eq(read_bytes(text, strlen(text)), -EINVAL); \
		ck_assert_str_eq(said(), expected);                        \
		ck_assert_uint_eq(ini.count, 0);                           \
	} while (0)

#define NO_EQUALS "missing \"=\"; a comment begins with # or ;"

START_TEST(syntax_errors_are_reported)
{
	/* All errors at once, before and after each header. */
	BAD("[v]\njunk\na = 1\n= 3\n[x\nmore\n[]\n[w] # y\nlast\n[y]z]\n[u",
		"2: " NO_EQUALS
		"|4: missing key before \"=\"|5: missing ] after the section name|6: " NO_EQUALS
		"|7: empty section name|8: unexpected text after the ] of a section; write a "
		"comment on a separate line|9: " NO_EQUALS "|11: missing ] after the section name");
	BAD("a = 1\n\n  b = 2\n[v]\n", "1: \"a\" comes before the first [section]|3: \"b\" comes "
				       "before the first [section]");
	BAD("junk\n", "1: " NO_EQUALS);
	BAD("[v]\n/* a */\n// b\na: c\n", "2: " NO_EQUALS "|3: " NO_EQUALS "|4: " NO_EQUALS);
	BAD("[v]\na = 1\n  continued\n", "3: " NO_EQUALS);
	BAD("[\n", "1: missing ] after the section name");
}
END_TEST

START_TEST(names_are_printable_ascii)
{
	GOOD("[v!]\na!b = 1\n", "1 v!;2 v! a!b=1;");
	BAD("[v]\n\xc3\xa4 = 2\nc\td = 3\n\x1b[2J = 4\ne\n",
		"2: invalid key \"\xc3\xa4\": only printable ASCII is allowed|3: invalid key "
		"\"c\\td\": only printable ASCII is allowed|4: invalid key \"\\x1B[2J\": only "
		"printable ASCII is allowed|5: " NO_EQUALS);
	BAD("[v]\n[\xc3\xa4]\n", "2: invalid section name: only printable ASCII is allowed");
}
END_TEST

START_TEST(duplicates_are_reported)
{
	BAD("[v]\na = 1\nb = 2\na = 3\nA = 4\n",
		"4: duplicate key \"a\" (first defined at line 2)|5: \"A\" and \"a\" (line 2) "
		"differ only in case, which is not allowed");
	BAD("[daemon:a]\nx = 1\n[v]\n[daemon:a]\ny = 1\n[Daemon:A]\n",
		"4: duplicate section [daemon:a] (first defined at line 1)|6: [Daemon:A] and "
		"[daemon:a] (line 1) differ only in case, which is not allowed");
	/* Duplicates and other errors are reported together. */
	BAD("[v]\na = 1\na = 2\njunk\n",
		"3: duplicate key \"a\" (first defined at line 2)|4: " NO_EQUALS);
	/* The same key in two sections is not a duplicate. */
	GOOD("[v]\na = 1\n[w]\na = 2\n", "1 v;2 v a=1;3 w;4 w a=2;");
}
END_TEST

START_TEST(many_duplicates_are_reported)
{
	char text[8192] = "[v]\n";
	size_t n = strlen(text);

	for (int i = 0; i < 500; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "key = %d\n", i);
	ck_assert_int_eq(read_bytes(text, n), -EINVAL);
	ck_assert_uint_eq(diagnostics.count, 499);
	ck_assert_int_eq(diagnostics.list[498].line, 501);
}
END_TEST

/* Lines and diagnostics have correct line numbers in a long file. */
START_TEST(many_lines_are_numbered)
{
	char *text = malloc(100000), expected[64];
	size_t n = (size_t)sprintf(text, "[v]\n");

	ck_assert_ptr_nonnull(text);
	for (int i = 2; i <= 3000; i++)
		n += (size_t)sprintf(text + n, i % 7 == 0 ? "# %d\n" : "key%d = %d\n", i, i);
	ck_assert_int_eq(read_bytes(text, n), 0);
	ck_assert_uint_eq(ini.count, 1 + 2999 - 428);
	for (size_t i = 1; i < ini.count; i++) {
		snprintf(expected, sizeof(expected), "%d", ini.lines[i].line);
		ck_assert_str_eq(ini.lines[i].value, expected);
		ck_assert_str_eq(ini.lines[i].key + 3, expected);
	}
	/* A duplicate of a distant line, and an invalid line at the end. */
	sprintf(text + n, "junk\nkey2 = 5\nmore\n");
	BAD_TEXT(text, "3001: " NO_EQUALS "|3002: duplicate key \"key2\" (first defined at line 2)"
		       "|3003: " NO_EQUALS);
	free(text);
}
END_TEST

START_TEST(invalid_bytes_are_reported)
{
	BAD("[v]\na = 1\0\nevil = 2\n\0\0b\n",
		"2: this line contains a NUL byte|4: this line contains a NUL byte");
	BAD("[v]\na = \xff\xfe\nb = \xc3\xa4\xc3\n",
		"2: this line is not UTF-8|3: this line is not UTF-8");
	BAD("[v]\na = x\rb = y\n", "2: this line contains a carriage return");
	BAD("\xff\xfe[\0v\0]\0", "1: this line is not UTF-8");
}
END_TEST

static const char *fate(const char *name)
{
	diagnostics_clear(&diagnostics);
	if (ini_read(scratch_path(name), scratch_path(name), &ini, &diagnostics) != -EINVAL ||
		diagnostics.count != 1)
		return "?";
	ck_assert_int_eq(diagnostics.list[0].line, 0);
	return strstr(diagnostics.list[0].text, ": ") + 2;
}

START_TEST(a_file_that_cannot_be_read_is_reported)
{
	char text[160];

	ck_assert_int_eq(
		ini_read(scratch_path("none"), scratch_path("none"), &ini, &diagnostics), -ENOENT);
	ck_assert_uint_eq(diagnostics.count, 0);

	ck_assert_int_eq(mkdir(scratch_path("dir"), 0755), 0);
	ck_assert_str_eq(fate("dir"), "it is not a regular file");
	/* A pipe without a writer: the read must not block. */
	ck_assert_int_eq(mkfifo(scratch_path("pipe"), 0600), 0);
	ck_assert_str_eq(fate("pipe"), "it is not a regular file");
	ck_assert_int_eq(symlink("loop", scratch_path("loop")), 0);
	snprintf(text, sizeof(text), "cannot be read: %s", strerror(ELOOP));
	ck_assert_str_eq(fate("loop"), text);

	scratch_put("big", 0644, "%*s", INI_SIZE_MAX + 1, "");
	ck_assert_str_eq(fate("big"), "it is larger than 16 MiB");
	scratch_put("fits", 0644, "%*s", INI_SIZE_MAX, "");
	diagnostics_clear(&diagnostics);
	ck_assert_int_eq(
		ini_read(scratch_path("fits"), scratch_path("fits"), &ini, &diagnostics), 0);

	ini_clear(&ini);

	/* A link to a file is followed. */
	scratch_put("real", 0644, "[v]\n");
	ck_assert_int_eq(symlink("real", scratch_path("link")), 0);
	ck_assert_int_eq(
		ini_read(scratch_path("link"), scratch_path("link"), &ini, &diagnostics), 0);
	ck_assert_str_eq(shown(), "1 v;");
}
END_TEST

/* Earlier diagnostics of another file do not affect the result. */
START_TEST(diagnostics_of_another_file_are_ignored)
{
	scratch_put("bad", 0644, "[v\n");
	scratch_put("good", 0644, "[v]\na = 1\n");
	ck_assert_int_eq(
		ini_read(scratch_path("bad"), scratch_path("bad"), &ini, &diagnostics), -EINVAL);
	ck_assert_int_eq(
		ini_read(scratch_path("good"), scratch_path("good"), &ini, &diagnostics), 0);
	ck_assert_str_eq(shown(), "1 v;2 v a=1;");
	ck_assert_uint_eq(diagnostics.count, 1);
}
END_TEST

SUITE("ini", setup, teardown)
{
	TEST(sections_and_keys_are_read);
	TEST(values_are_read);
	TEST(line_ends_and_indentation_are_ignored);
	TEST(a_line_may_be_long);
	TEST(syntax_errors_are_reported);
	TEST(names_are_printable_ascii);
	TEST(duplicates_are_reported);
	TEST(many_duplicates_are_reported);
	TEST(many_lines_are_numbered);
	TEST(invalid_bytes_are_reported);
	TEST(a_file_that_cannot_be_read_is_reported);
	TEST(diagnostics_of_another_file_are_ignored);
}
