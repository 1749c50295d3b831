/*
 * check_api_option: the typed values of a daemon's options, and modules that ask for a wrong name
 * or type.
 */
#include <vigil/vigil.h>

#include "daemon/daemon_internal.h"
#include "fixture_environment.h"

static const vigil_option schema[] = {
	VIGIL_OPTION("text", VIGIL_TEXT, NULL, "any"),
	VIGIL_OPTION("bool", VIGIL_BOOL, "yes", "any"),
	VIGIL_OPTION("int", VIGIL_INT, "-7", "any", .min = -10, .max = 10),
	VIGIL_OPTION("number", VIGIL_NUMBER, "2.5", "any"),
	VIGIL_OPTION("duration", VIGIL_DURATION, "250ms", "any"),
	VIGIL_OPTION("size", VIGIL_SIZE, "1KiB", "any"),
	VIGIL_OPTION("choice", VIGIL_CHOICE, "a", "any", .choices = "a b"),
	VIGIL_OPTION("list", VIGIL_LIST, NULL, "any"),
	VIGIL_OPTION("path", VIGIL_PATH, "/", "any"),
	VIGIL_OPTION("command", VIGIL_COMMAND, NULL, "any"),
	VIGIL_OPTION("name", VIGIL_NAME, NULL, "any"),
	VIGIL_OPTION("range", VIGIL_RANGE, "@10:20", "any"),
	VIGIL_OPTION("no_range", VIGIL_RANGE, NULL, "any"),
	VIGIL_OPTION("regex", VIGIL_REGEX, NULL, "any"),
	VIGIL_OPTION("paths", VIGIL_PATHS, NULL, "any"),
	VIGIL_OPTION("none", VIGIL_DURATION, NULL, "any"),
	VIGIL_OPTION("only_during", VIGIL_CALENDAR, NULL, "any"),
	VIGIL_OPTION("not_during", VIGIL_CALENDAR, NULL, "any"),
	VIGIL_OPTION_END,
};

static struct vigil_daemon *d;

static void make(const char *const *pairs)
{
	struct option_set *set = options_of(schema, pairs);

	daemon_free(d);
	d = daemon_new(&environment, "test", "mod", NULL, set);
	option_set_unref(set);
}

static void setup(void)
{
	environment_setup();
	make(NULL);
}

static void teardown(void)
{
	daemon_free(d);
	environment_teardown();
}

START_TEST(defaults_are_values)
{
	ck_assert(vigil_option_bool(d, "bool"));
	ck_assert_int_eq(vigil_option_int(d, "int"), -7);
	ck_assert_int_eq(vigil_option_int(d, "size"), 1024);
	ck_assert_double_eq(vigil_option_number(d, "number"), 2.5);
	ck_assert_double_eq(vigil_option_number(d, "int"), -7);
	ck_assert_double_eq(vigil_option_number(d, "size"), 1024);
	ck_assert_double_eq(vigil_option_seconds(d, "duration"), 0.25);
	ck_assert_str_eq(vigil_option_text(d, "choice"), "a");
	ck_assert_str_eq(vigil_option_text(d, "path"), "/");
	ck_assert_str_eq(vigil_option_text(d, "duration"), "250ms"); /* as it was written */
	for (const vigil_option *o = schema; o->name != NULL; o++)
		ck_assert(!vigil_option_given(d, o->name));
	ck_assert_uint_eq(logged_lines, 0);
}
END_TEST

START_TEST(an_option_without_a_value_is_empty)
{
	ck_assert_ptr_null(vigil_option_text(d, "text"));
	ck_assert_ptr_null(vigil_option_text(d, "name"));
	ck_assert_double_eq(vigil_option_seconds(d, "none"), 0);
	ck_assert_ptr_nonnull(vigil_option_list(d, "list"));
	ck_assert_ptr_null(vigil_option_list(d, "list")[0]);
	ck_assert_ptr_null(vigil_option_list(d, "command")[0]);
	ck_assert_uint_eq(logged_lines, 0);
}
END_TEST

START_TEST(configured_values_are_returned)
{
	static const char *const pairs[] = {"text=a b", "bool=off", "int=10", "number=1e3",
		"duration=1h30m", "size=2MiB", "choice=b", "list=x, y z ,w", "path=/a",
		"command=/bin/x 'a b' \"\"", "name=svc@1", NULL};
	const char *const *list;

	make(pairs);
	ck_assert_str_eq(vigil_option_text(d, "text"), "a b");
	ck_assert(!vigil_option_bool(d, "bool"));
	ck_assert_int_eq(vigil_option_int(d, "int"), 10);
	ck_assert_double_eq(vigil_option_number(d, "number"), 1000);
	ck_assert_double_eq(vigil_option_seconds(d, "duration"), 5400);
	ck_assert_int_eq(vigil_option_int(d, "size"), 2 << 20);
	list = vigil_option_list(d, "list");
	ck_assert_str_eq(list[0], "x");
	ck_assert_str_eq(list[1], "y z");
	ck_assert_str_eq(list[2], "w");
	ck_assert_ptr_null(list[3]);
	list = vigil_option_list(d, "command");
	ck_assert_str_eq(list[1], "a b");
	ck_assert_str_eq(list[2], "");
	ck_assert_ptr_null(list[3]);
	ck_assert(vigil_option_given(d, "text"));
	ck_assert(!vigil_option_given(d, "none"));
}
END_TEST

START_TEST(a_wrong_name_or_type_returns_nothing_and_is_logged_once)
{
	ck_assert_int_eq(vigil_option_int(d, "duration"), 0);
	ck_assert_uint_eq(log_holds("module mod asks for \"duration\", which has another type"), 1);
	ck_assert(!vigil_option_bool(d, "text"));
	ck_assert_int_eq(vigil_option_int(d, "number"), 0);
	ck_assert_double_eq(vigil_option_number(d, "duration"), 0);
	ck_assert_double_eq(vigil_option_seconds(d, "int"), 0);
	ck_assert_ptr_null(vigil_option_text(d, "nothing"));
	ck_assert_ptr_null(vigil_option_list(d, "nothing")[0]);
	ck_assert_ptr_null(vigil_option_list(d, "text")[0]);
	ck_assert(!vigil_option_given(d, "nothing"));
	ck_assert_uint_eq(logged_lines, 1);
}
END_TEST

START_TEST(a_range_is_returned_parsed)
{
	vigil_range range = {.start = 7};

	ck_assert(!vigil_option_range(d, "no_range", &range));
	ck_assert_double_eq(range.start, 7);
	ck_assert(vigil_option_range(d, "range", &range));
	ck_assert(vigil_range_alerts(&range, 10));
	ck_assert(!vigil_range_alerts(&range, 21));
	make((const char *const[]){"range=5:", NULL});
	ck_assert(vigil_option_range(d, "range", &range));
	ck_assert_double_eq(range.start, 5);
	make((const char *const[]){"range=", NULL});
	ck_assert(!vigil_option_range(d, "range", &range));
	ck_assert_uint_eq(logged_lines, 0);
	ck_assert(!vigil_option_range(d, "text", &range));
	ck_assert_uint_eq(log_holds("asks for \"text\", which has another type"), 1);
}
END_TEST

START_TEST(a_regular_expression_matches)
{
	ck_assert(!vigil_option_matches(d, "regex", "")); /* it has no value */
	make((const char *const[]){"regex=^a(b|c)+$", NULL});
	ck_assert_str_eq(vigil_option_text(d, "regex"), "^a(b|c)+$");
	ck_assert(vigil_option_matches(d, "regex", "abcb"));
	ck_assert(vigil_option_matches(d, "regex", "ab"));
	ck_assert(!vigil_option_matches(d, "regex", "abd"));
	ck_assert_uint_eq(logged_lines, 0);
	ck_assert(!vigil_option_matches(d, "text", ""));
	ck_assert_uint_eq(logged_lines, 1);
}
END_TEST

START_TEST(paths_are_a_list)
{
	ck_assert_ptr_null(vigil_option_list(d, "paths")[0]);
	make((const char *const[]){"paths=/a, /b c/*", NULL});
	ck_assert_str_eq(vigil_option_list(d, "paths")[0], "/a");
	ck_assert_str_eq(vigil_option_list(d, "paths")[1], "/b c/*");
	ck_assert_ptr_null(vigil_option_list(d, "paths")[2]);
	ck_assert_uint_eq(logged_lines, 0);
}
END_TEST

/* Formats a window that began at the present hour in UTC and ends in the next one. */
static const char *window_now(char option[64], const char *name)
{
	time_t now = time(NULL), later = now + 3600;
	struct tm begin, end;
	char text[16];

	gmtime_r(&now, &begin);
	gmtime_r(&later, &end);
	strftime(text, sizeof(text), "%H:00-", &begin);
	snprintf(option, 64, "%s=%s%02d:59", name, text, end.tm_hour);
	return option;
}

static double wait_of(const char *first, const char *second, char text[VIGIL_CALENDAR_TEXT])
{
	make((const char *const[]){first, second, NULL});
	text[0] = '\0';
	return vigil_calendar_wait(d, "only_during", "not_during", text);
}

START_TEST(the_wait_for_a_window_has_a_reason)
{
	char text[VIGIL_CALENDAR_TEXT], now[64], not_now[64];
	double wait;

	ck_assert_int_eq(setenv("TZ", "UTC0", 1), 0);
	window_now(now, "only_during");
	window_now(not_now, "not_during");
	ck_assert_double_eq(wait_of(NULL, NULL, text), 0);
	ck_assert_double_eq(wait_of("only_during=", "not_during=", text), 0);
	ck_assert_double_eq(wait_of(now, NULL, text), 0);
	ck_assert_str_eq(text, "");
	wait = wait_of(not_now, NULL, text);
	ck_assert(wait > 3500 && wait <= 7200);
	ck_assert_msg(strncmp(text, "inside not_during, until 20", 27) == 0, "%s", text);
	ck_assert_ptr_nonnull(strstr(text, ":59 UTC"));
	ck_assert_double_gt(wait_of("only_during=Mon..Sun", not_now, text), 3500);
	ck_assert_msg(strncmp(text, "inside not_during, until 20", 27) == 0, "%s", text);
	ck_assert_double_eq(vigil_calendar_wait(d, "only_during", NULL, NULL), 0);
	ck_assert_double_gt(vigil_calendar_wait(d, NULL, "not_during", NULL), 0);
	ck_assert_uint_eq(logged_lines, 0);
}
END_TEST

START_TEST(a_calendar_that_never_opens_waits_for_a_year)
{
	char text[VIGIL_CALENDAR_TEXT];

	ck_assert_double_le(wait_of("only_during=2020-01-01", NULL, text), 365 * 86400.0);
	ck_assert_str_eq(text, "outside only_during, for the next 365 days at least");
	ck_assert_double_gt(wait_of("not_during=Mon..Sun", NULL, text), 364 * 86400.0);
	ck_assert_str_eq(text, "inside not_during, for the next 365 days at least");
	ck_assert_double_eq(vigil_calendar_wait(d, "text", "nothing", text), 0);
	ck_assert_uint_eq(log_holds("asks for \"text\", which has another type"), 1);
}
END_TEST

START_TEST(a_daemon_without_options_has_none)
{
	daemon_free(d);
	d = daemon_new(&environment, "test", "mod", NULL, NULL);
	ck_assert_ptr_null(vigil_option_text(d, "text"));
	ck_assert_uint_eq(log_holds("is not among its options"), 1);
}
END_TEST

SUITE("api_option", setup, teardown)
{
	TEST(defaults_are_values);
	TEST(an_option_without_a_value_is_empty);
	TEST(configured_values_are_returned);
	TEST(a_wrong_name_or_type_returns_nothing_and_is_logged_once);
	TEST(a_range_is_returned_parsed);
	TEST(a_regular_expression_matches);
	TEST(paths_are_a_list);
	TEST(the_wait_for_a_window_has_a_reason);
	TEST(a_calendar_that_never_opens_waits_for_a_year);
	TEST(a_daemon_without_options_has_none);
}
