/* check_option: every type of option, its limits, its diagnostics, and which values are equal. */
#include "config/option.h"

#include <errno.h>
#include <regex.h>

#include "scratch.h"
#include "base/text.h"
#include "suite.h"

#define QUOTES   "; quotes around a value are not supported: remove them"
#define COMMENTS "; a comment after a value is not supported: write it on a separate line"

static const vigil_option schema[] = {
	VIGIL_OPTION("text", VIGIL_TEXT, "some", "a text"),
	VIGIL_OPTION("flag", VIGIL_BOOL, "yes", "a flag"),
	VIGIL_OPTION("count", VIGIL_INT, "4", "a number", .min = 1, .max = 64),
	VIGIL_OPTION("ratio", VIGIL_NUMBER, NULL, "a ratio", .min = -1, .max = 2.5),
	VIGIL_OPTION("interval", VIGIL_DURATION, "5s", "a time", .min = 0.01, .max = 86400 * 365.0),
	VIGIL_OPTION("memory", VIGIL_SIZE, "", "a size", .min = 4096, .max = 10 * 1048576),
	VIGIL_OPTION("mode", VIGIL_CHOICE, "periodic", "a mode", .choices = "periodic stream"),
	VIGIL_OPTION("names", VIGIL_LIST, "a, b", "names"),
	VIGIL_OPTION("path", VIGIL_PATH, NULL, "a path"),
	VIGIL_OPTION("during", VIGIL_CALENDAR, "Mon 08:00-18:00", "windows"),
	VIGIL_OPTION("every", VIGIL_TIMES, NULL, "points in time", .excludes = "interval"),
	VIGIL_OPTION("command", VIGIL_COMMAND, NULL, "a command"),
	VIGIL_OPTION("limit", VIGIL_RANGE, "90", "a range"),
	VIGIL_OPTION("match", VIGIL_REGEX, "^x", "an expression"),
	VIGIL_OPTION("paths", VIGIL_PATHS, "/a, /b", "paths"),
	VIGIL_OPTION("service", VIGIL_NAME, NULL, "a service", .flags = VIGIL_REQUIRED),
	VIGIL_OPTION("after", VIGIL_LIST, NULL, "daemons", .flags = VIGIL_DAEMONS,
		.choices = "serves done"),
	VIGIL_OPTION("with", VIGIL_LIST, NULL, "daemons", .flags = VIGIL_DAEMONS | VIGIL_ACYCLIC),
	VIGIL_OPTION_END,
};

static struct diagnostics diagnostics;

static void setup(void)
{
	diagnostics = (struct diagnostics){0};
}

static void teardown(void)
{
	diagnostics_clear(&diagnostics);
}

/* Returns the set of the "key", "value" pairs, the first on line 2 and so on; NULL: there are
 * errors. */
static struct option_set *set_of(const char *const *pairs)
{
	struct option_given given[16];
	size_t count = 0;

	diagnostics_clear(&diagnostics);
	for (; *pairs != NULL; pairs += 2, count++) {
		ck_assert_uint_lt(count, COUNT(given));
		given[count] = (struct option_given){pairs[0], pairs[1], "f", (int)count + 2, NULL};
	}
	return option_set_new(schema, given, count, "[daemon:x]", "f", 1, &diagnostics);
}

#define SET(...)  set_of((const char *const[]){__VA_ARGS__, NULL})
#define GOOD(...) good(SET("service", "icinga2", __VA_ARGS__))
#define BARE()    good(SET("service", "icinga2"))

static struct option_set *good(struct option_set *set)
{
	ck_assert_msg(set != NULL, "%s", diagnostics.count > 0 ? diagnostics.list[0].text : "?");
	ck_assert_uint_eq(diagnostics.errors, 0);
	return set;
}

/* Asserts that this value is refused, with its line and this text. */
static void check_bad(const char *key, const char *value, const char *words)
{
	struct option_set *set =
		strcmp(key, "service") == 0 ? SET(key, value) : SET("service", "s", key, value);
	char expected[512];

	snprintf(expected, sizeof(expected), "f:%d: %s = \"%s\": %s",
		strcmp(key, "service") == 0 ? 2 : 3, key, value, words);
	ck_assert_ptr_null(set);
	ck_assert_uint_eq(diagnostics.count, 1);
	ck_assert_str_eq(diagnostics.list[0].text, expected);
}

START_TEST(defaults_are_used)
{
	struct option_set *set = BARE();
	const struct option_value *v;

	v = option_get(set, "text");
	ck_assert(v->present && !v->given && v->schema == &schema[0]);
	ck_assert_str_eq(v->text, "some");
	ck_assert(option_get(set, "flag")->boolean);
	ck_assert_int_eq(option_get(set, "count")->integer, 4);
	ck_assert_double_eq(option_get(set, "interval")->number, 5);
	ck_assert_str_eq(option_get(set, "mode")->text, "periodic");
	ck_assert_str_eq(option_get(set, "names")->list[1], "b");
	ck_assert_ptr_null(option_get(set, "names")->list[2]);
	v = option_get(set, "service");
	ck_assert(v->present && v->given);
	/* An option without a value and a default is absent, but a list is never NULL. */
	v = option_get(set, "memory");
	ck_assert(!v->present && !v->given && v->text == NULL && v->integer == 0);
	v = option_get(set, "command");
	ck_assert(!v->present && v->list != NULL && v->list[0] == NULL);
	ck_assert_ptr_null(option_get(set, "none"));
	option_set_unref(set);
}
END_TEST

START_TEST(values_are_parsed)
{
	struct option_set *set = GOOD("text", "a # b", "flag", "OFF", "count", "64", "ratio", "-1",
		"interval", "1h30m", "memory", "64KiB", "mode", "stream", "names", " x , y z ",
		"path", "/a b", "command", "/bin/sh -c 'exit 3'");

	ck_assert_str_eq(option_get(set, "text")->text, "a # b");
	ck_assert(option_get(set, "text")->given);
	ck_assert(!option_get(set, "flag")->boolean);
	ck_assert_int_eq(option_get(set, "count")->integer, 64);
	ck_assert_double_eq(option_get(set, "ratio")->number, -1);
	ck_assert_double_eq(option_get(set, "interval")->number, 5400);
	ck_assert_int_eq(option_get(set, "memory")->integer, 65536);
	ck_assert_str_eq(option_get(set, "mode")->text, "stream");
	ck_assert(text_equal_lists((const char *const *)option_get(set, "names")->list,
		(const char *const[]){"x", "y z", NULL}));
	ck_assert_str_eq(option_get(set, "path")->text, "/a b");
	ck_assert_str_eq(option_get(set, "command")->list[2], "exit 3");
	ck_assert_ptr_null(option_get(set, "command")->list[3]);
	option_set_unref(set);
}
END_TEST

/* Returns what the C library says of an extended regular expression.  The text is static. */
static const char *regex_error(const char *expression)
{
	static char text[128];
	regex_t regex;

	regerror(regcomp(&regex, expression, REG_EXTENDED), &regex, text, sizeof(text));
	return text;
}

START_TEST(an_invalid_expression_is_refused)
{
	char words[192];

	snprintf(words, sizeof(words), "is not an extended regular expression: %s",
		regex_error("a(b"));
	check_bad("match", "a(b", words);
}
END_TEST

START_TEST(invalid_values_are_refused)
{
	static const struct {
		const char *key, *value, *words;
	} rows[] = {
		{"flag", "maybe",
			"is not yes or no (true, false, on, off, 1 and 0 are accepted, too)"},
		{"count", "x", "is not a whole number"},
		{"count", "4.0", "is not a whole number"},
		{"count", "0x4", "is not a whole number"},
		{"count", "99999999999999999999", "is not a whole number"},
		{"count", "0", "must be from 1 to 64"},
		{"count", "65", "must be from 1 to 64"},
		{"ratio", "1,5", "is not a number"},
		{"ratio", "0x1p1", "is not a number"},
		{"ratio", "nan", "is not a number"},
		{"ratio", "inf", "is not a number"},
		{"ratio", "1e999", "is not a number"},
		{"ratio", "2.51", "must be from -1 to 2.5"},
		{"interval", "5x", "is not a duration (such as 250ms, 5s, 2m, 1h, 1d)"},
		{"interval", "0", "must be from 10ms to 365d"},
		{"interval", "366d", "must be from 10ms to 365d"},
		{"memory", "64KB", "is not a size (such as 512, 64KiB, 10MiB)"},
		{"during", "Mon..Fry", "\"Mon..Fry\" is not a weekday or a range such as Mon..Fri"},
		{"during", "Mon,,Tue", "has an empty element; remove the extra comma"},
		{"every", "Mon..Fry 08:00",
			"\"Mon..Fry\" is not a weekday or a range such as Mon..Fri; the words "
			"minutely, hourly, daily, weekly, monthly and yearly stand alone"},
		{"memory", "99999999999G", "is too large"},
		{"memory", "4095", "must be from 4KiB to 10MiB"},
		{"mode", "steam", "is not one of: periodic stream; did you mean \"stream\"?"},
		{"mode", "Stream", "is not one of: periodic stream; did you mean \"stream\"?"},
		{"mode", "both", "is not one of: periodic stream"},
		{"path", "a/b", "is not an absolute path"},
		{"limit", "90%", "is not a range such as 90, 5: or 10:90; write it without the %"},
		{"limit", "9:1", "is not a range such as 90, 5: or 10:90"},
		{"paths", "/a, b", "its element \"b\" is not an absolute path"},
		{"paths", "/a,,/b", "has an empty element; remove the extra comma"},
		{"paths", "/a # b",
			"its element \"/a # b\" seems to contain quotes or a comment" COMMENTS},
		{"command", "a 'b", "unterminated '"},
		{"names", "a,,b", "has an empty element; remove the extra comma"},
		{"names", "a, b,", "has an empty element; remove the extra comma"},
		{"names", ",", "has an empty element; remove the extra comma"},
		{"names", "a, 'b c'",
			"its element \"'b c'\" seems to contain quotes or a comment" QUOTES},
		{"names", "\"a, b\"", "seems to contain quotes or a comment" QUOTES},
		{"names", "a # b, c",
			"its element \"a # b\" seems to contain quotes or a comment" COMMENTS},
		{"interval", "5s # five",
			"is not a duration (such as 250ms, 5s, 2m, 1h, 1d)" COMMENTS},
		{"count", "\"4\"", "is not a whole number" QUOTES},
		{"path", "'/a'", "is not an absolute path" QUOTES},
		{"path", "/a ; b", "seems to contain a comment" COMMENTS},
		{"after", "-x", "its element \"-x\" is not a valid daemon name"},
		{"after", "b c",
			"its element \"b c\" is not a valid daemon name: separate names with "
			"commas"},
		{"after", "b:up",
			"its element \"b:up\" has an unknown word after the \":\"; use one of: "
			"serves done"},
		{"after", "b:",
			"its element \"b:\" has an unknown word after the \":\"; use one of: "
			"serves done"},
		{"with", "b, c:done", "its element \"c:done\" must be the name of a daemon alone"},
		{"service", "a..b",
			"is not a valid service name: use up to 255 letters, digits and _ : . @ \\ "
			"-, without \"..\", and begin with a letter, a digit or _"},
	};
	char path[5000];

	for (size_t i = 0; i < COUNT(rows); i++)
		check_bad(rows[i].key, rows[i].value, rows[i].words);
	check_bad("service", "-Hroot@evil", rows[COUNT(rows) - 1].words);
	check_bad("command", "a | b",
		"contains |, but no shell is run, so the program would get it as an argument; "
		"quote it with '...' if that is meant, or run a shell: /bin/sh -c '...'");

	/* A long value is cut in the message, and the reason is still there. */
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_ptr_null(SET("service", "s", "path", path, path, "1"));
	ck_assert_uint_eq(diagnostics.count, 2);
	ck_assert_ptr_nonnull(
		strstr(diagnostics.list[0].text, "xxx...\": is not an absolute path"));
	ck_assert_ptr_nonnull(strstr(diagnostics.list[1].text, "xxx...\" in [daemon:x]"));
	path[0] = '/';
	ck_assert_ptr_null(SET("service", "s", "path", path));
	ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, "is too long for a path"));
}
END_TEST

/* A text may be anything. If it looks like a quoted text or has a comment, there is only a note. */
START_TEST(a_text_with_quotes_or_a_comment_is_noted)
{
	static const char *const texts[][2] = {{"\"some\"", QUOTES}, {"'some'", QUOTES},
		{"a # b", COMMENTS}, {"a\t; b", COMMENTS}};
	static const char *const plain[] = {
		"a#b", "\"", "\"a\" b", "say \"a\"", "# a", "a;b", "'a\""};
	char expected[256];

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct option_set *set = GOOD("text", texts[i][0]);

		ck_assert_str_eq(option_get(set, "text")->text, texts[i][0]);
		ck_assert_uint_eq(diagnostics.count, 1);
		ck_assert(diagnostics.list[0].note);
		snprintf(expected, sizeof(expected), "this whole text is the value%s", texts[i][1]);
		ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, expected));
		ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, "f:3: note: text = "));
		option_set_unref(set);
	}
	for (size_t i = 0; i < COUNT(plain); i++) {
		option_set_unref(GOOD("text", plain[i]));
		ck_assert_msg(diagnostics.count == 0, "%s", plain[i]);
	}
	/* In a command, quotes and # have another meaning. */
	option_set_unref(GOOD("command", "\"/bin/a b\" ' # ' \"c ; d\""));
	ck_assert_uint_eq(diagnostics.count, 0);
}
END_TEST

START_TEST(lists_of_daemons_are_parsed)
{
	struct option_set *set = GOOD("after", "a, b:serves ,c:done", "with", "x.y@1");

	ck_assert(text_equal_lists((const char *const *)option_get(set, "after")->list,
		(const char *const[]){"a", "b:serves", "c:done", NULL}));
	ck_assert_uint_eq(diagnostics.count, 0);
	option_set_unref(set);
}
END_TEST

/* Each error has its line. The line of a missing option is the line of the section. */
START_TEST(all_errors_are_reported_at_once)
{
	static const char *const expected[] = {
		"f:2: unknown option \"intervall\" in [daemon:x]; did you mean \"interval\"?",
		"f:3: unknown option \"colour\" in [daemon:x]",
		"f:4: count = \"0\": must be from 1 to 64",
		"f:5: mode = \"\\x1B[2J\": is not one of: periodic stream",
		"f:1: service is missing in [daemon:x]: a service",
	};

	ck_assert_ptr_null(
		SET("intervall", "5s", "colour", "red", "count", "0", "mode", "\x1b[2J"));
	ck_assert_uint_eq(diagnostics.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		ck_assert_str_eq(diagnostics.list[i].text, expected[i]);
	/* Earlier diagnostics are not errors of this set. */
	diagnostics_clear(&diagnostics);
	diagnostic_add(&diagnostics, "other", 1, "before");
	option_set_unref(
		option_set_new(schema, &(struct option_given){"service", "s", "f", 2, NULL}, 1,
			"[daemon:x]", "f", 1, &diagnostics));
	ck_assert_uint_eq(diagnostics.count, 1);
}
END_TEST

/* An empty value removes a default, if the type permits an absent value. */
START_TEST(an_empty_value_removes_the_default)
{
	struct option_set *set = GOOD("text", "", "names", "", "memory", "", "path", "");

	ck_assert(option_get(set, "text")->given && !option_get(set, "text")->present);
	ck_assert_ptr_null(option_get(set, "text")->text);
	ck_assert_ptr_null(option_get(set, "names")->list[0]);
	ck_assert(!option_get(set, "memory")->present);
	option_set_unref(set);

	ck_assert_ptr_null(SET("service", "", "interval", "", "mode", "", "flag", "", "count", ""));
	ck_assert_uint_eq(diagnostics.count, 5);
	ck_assert_str_eq(diagnostics.list[0].text, "f:2: service is empty in [daemon:x]");
	ck_assert_str_eq(diagnostics.list[1].text,
		"f:3: interval is empty in [daemon:x]; remove the line to use the default");
}
END_TEST

START_TEST(sets_are_compared_by_value)
{
	struct option_set *a = BARE(), *b, *ref;
	static const char *const same[][2] = {{"interval", "5000ms"}, {"interval", "5"},
		{"names", "a,b"}, {"flag", "on"}, {"count", "+4"}, {"text", "some"},
		{"during", "monday 8:00-18:00"}};
	static const char *const other[][2] = {{"interval", "6s"}, {"names", "b, a"},
		{"flag", "no"}, {"count", "5"}, {"text", "Some"}, {"text", ""}, {"memory", "4096"},
		{"path", "/"}, {"command", "a"}, {"mode", "stream"}, {"ratio", "0"},
		{"during", "Tue 08:00-18:00"}, {"during", ""}, {"every", "hourly"}};

	for (size_t i = 0; i < COUNT(same); i++) {
		b = GOOD(same[i][0], same[i][1]);
		ck_assert_msg(option_set_equal(a, b), "%s", same[i][1]);
		ck_assert(!option_set_differs(a, b, same[i][0]));
		option_set_unref(b);
	}
	for (size_t i = 0; i < COUNT(other); i++) {
		b = GOOD(other[i][0], other[i][1]);
		ck_assert_msg(
			!option_set_equal(a, b) && !option_set_equal(b, a), "%s", other[i][1]);
		ck_assert(option_set_differs(a, b, other[i][0]));
		ck_assert(!option_set_differs(a, b, "service"));
		ck_assert(!option_set_differs(a, b, "none"));
		option_set_unref(b);
	}
	ref = option_set_ref(a);
	option_set_unref(a);
	ck_assert(option_set_equal(ref, ref));
	option_set_unref(ref);
	option_set_unref(NULL);
}
END_TEST

START_TEST(options_that_exclude_each_other_are_not_set_together)
{
	struct option_set *set = GOOD("every", "hourly, Sat"), *same = GOOD("every", "*:00,sat"),
			  *other = GOOD("every", "hourly");

	ck_assert(option_set_equal(set, same));
	ck_assert(!option_set_equal(set, other));
	option_set_unref(set);
	option_set_unref(same);
	option_set_unref(other);
	option_set_unref(GOOD("every", "", "interval", "5s"));
	ck_assert_ptr_null(SET("service", "x", "interval", "5s", "every", "hourly"));
	ck_assert_uint_eq(diagnostics.count, 1);
	ck_assert_str_eq(diagnostics.list[0].text,
		"f:4: every = \"hourly\": cannot be set together with interval (f:3)");
}
END_TEST

START_TEST(options_of_another_schema_are_ignored)
{
	static const vigil_option others[] = {
		VIGIL_OPTION("pause_during", VIGIL_CALENDAR, NULL, "of every daemon"),
		VIGIL_OPTION_END};
	const struct option_given given[] = {{"service", "x", "f", 2, NULL},
		{"pause_during", "never", "f", 3, NULL}, {"pause_durin", "Mon", "f", 4, NULL}};
	struct option_set *set = option_set_new_besides(
		schema, others, given, 2, "[daemon:x]", "f", 1, &diagnostics);

	good(set);
	ck_assert_ptr_null(option_get(set, "pause_during"));
	option_set_unref(set);
	ck_assert_ptr_null(option_set_new_besides(
		schema, others, given, 3, "[daemon:x]", "f", 1, &diagnostics));
	ck_assert_str_eq(diagnostics.list[0].text,
		"f:4: unknown option \"pause_durin\" in [daemon:x]; did you mean "
		"\"pause_during\"?");
	ck_assert(option_schema_has(others, "pause_during"));
	ck_assert(!option_schema_has(others, "service"));
	ck_assert(!option_schema_has(NULL, "service"));
}
END_TEST

START_TEST(the_schema_of_this_test_is_valid)
{
	char why[128];

	ck_assert_int_eq(option_schema_check(schema, why, sizeof(why)), 0);
}
END_TEST

START_TEST(a_module_may_have_no_schema)
{
	struct option_set *set = option_set_new(NULL, NULL, 0, "[daemon:x]", "f", 1, &diagnostics);
	const struct option_given any = {"x", "1", "f", 2, NULL};

	ck_assert_ptr_nonnull(set);
	ck_assert_ptr_null(option_get(set, "x"));
	ck_assert(option_set_equal(set, set));
	option_set_unref(set);
	ck_assert_ptr_null(option_set_new(NULL, &any, 1, "[daemon:x]", "f", 1, &diagnostics));
	ck_assert_str_eq(diagnostics.list[0].text, "f:2: unknown option \"x\" in [daemon:x]");
}
END_TEST

START_TEST(a_secret_is_not_shown)
{
	static const vigil_option secrets[] = {
		VIGIL_OPTION("tokens", VIGIL_LIST, NULL, "tokens", .flags = VIGIL_SECRET),
		VIGIL_OPTION("pin", VIGIL_INT, NULL, "a number", .flags = VIGIL_SECRET),
		VIGIL_OPTION("word", VIGIL_TEXT, NULL, "a text", .flags = VIGIL_SECRET),
		VIGIL_OPTION_END,
	};
	const struct option_given written[] = {{"tokens", "hidden,,hidden", "f", 2, NULL},
		{"pin", "hidden", "f", 3, NULL}, {"word", "\"hidden\"", "f", 4, NULL}};

	diagnostics_clear(&diagnostics);
	ck_assert_ptr_null(option_set_new(
		secrets, written, COUNT(written), "[daemon:x]", "f", 1, &diagnostics));
	ck_assert_uint_eq(diagnostics.count, 3);
	for (size_t i = 0; i < diagnostics.count; i++) {
		ck_assert_ptr_nonnull(strstr(diagnostics.list[i].text, "= \"***\""));
		ck_assert_ptr_null(strstr(diagnostics.list[i].text, "hidden"));
	}
	ck_assert_str_eq(option_shown(&secrets[0], "hidden"), "***");
}
END_TEST

SUITE("option", setup, teardown)
{
	TEST(defaults_are_used);
	TEST(values_are_parsed);
	TEST(an_invalid_expression_is_refused);
	TEST(invalid_values_are_refused);
	TEST(a_text_with_quotes_or_a_comment_is_noted);
	TEST(lists_of_daemons_are_parsed);
	TEST(all_errors_are_reported_at_once);
	TEST(an_empty_value_removes_the_default);
	TEST(sets_are_compared_by_value);
	TEST(options_that_exclude_each_other_are_not_set_together);
	TEST(options_of_another_schema_are_ignored);
	TEST(the_schema_of_this_test_is_valid);
	TEST(a_module_may_have_no_schema);
	TEST(a_secret_is_not_shown);
}
