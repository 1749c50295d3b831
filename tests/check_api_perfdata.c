/* check_api_perfdata: performance data in the format of the Monitoring Plugins guidelines. */
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

#include "suite.h"

static char text[512];

/* Returns the text for an entry in JSON. */
static const char *put(const char *label, const char *json)
{
	json_t *entry = json_loads(json, 0, NULL);
	size_t n;

	ck_assert_ptr_nonnull(entry);
	memset(text, 'x', sizeof(text));
	n = vigil_perfdata(text, sizeof(text), label, entry);
	ck_assert_uint_eq(n, strlen(text));
	json_decref(entry);
	return text;
}

START_TEST(items_are_formatted_as_plugins_print_them)
{
	ck_assert_str_eq(put("a", "{\"value\": 1}"), "'a'=1");
	ck_assert_str_eq(put("rta", "{\"value\": 0.25, \"unit\": \"ms\"}"), "'rta'=0.25ms");
	ck_assert_str_eq(put("/var", "{\"value\": 5, \"unit\": \"MB\", \"warn\": \"10:20\","
				     " \"crit\": 30, \"min\": 0, \"max\": 40.5}"),
		"'/var'=5MB;10:20;30;0;40.5");
	ck_assert_str_eq(put("a", "{\"value\": 1, \"max\": 9}"), "'a'=1;;;;9");
	ck_assert_str_eq(put("a", "{\"value\": 1, \"warn\": \"~:3\"}"), "'a'=1;~:3");
	ck_assert_str_eq(
		put("two words", "{\"value\": -1e20}"), "'two words'=-100000000000000000000");
}
END_TEST

START_TEST(numbers_keep_all_their_digits)
{
	ck_assert_str_eq(
		put("/", "{\"value\": 18814599168, \"unit\": \"B\", \"warn\": 15051679334.4,"
			 " \"min\": 0, \"max\": 18814599168}"),
		"'/'=18814599168B;15051679334.4;;0;18814599168");
	ck_assert_str_eq(put("c", "{\"value\": 9223372036854775807, \"unit\": \"c\"}"),
		"'c'=9223372036854775807c");
	ck_assert_str_eq(put("c", "{\"value\": 12345678901234.5}"), "'c'=12345678901234.5");
	ck_assert_str_eq(
		put("c", "{\"value\": 1.8446744073709552e19}"), "'c'=18446744073709552000");
	ck_assert_str_eq(put("t", "{\"value\": 1e-7, \"unit\": \"s\"}"), "'t'=0.0000001s");
	ck_assert_str_eq(put("t", "{\"value\": 0.1, \"warn\": 1e300}") + 300, "000000000");
}
END_TEST

START_TEST(labels_are_quoted)
{
	ck_assert_str_eq(put("it's", "{\"value\": 1}"), "'it''s'=1");
	ck_assert_str_eq(put("a=b", "{\"value\": 1}"), "'a=b'=1");
	ck_assert_str_eq(put("two words", "{\"value\": 1}"), "'two words'=1");
	ck_assert_str_eq(put("'", "{\"value\": 1}"), "''''=1");
}
END_TEST

START_TEST(json_is_compact_and_complete)
{
	json_t *value = json_loads("{\"a\":0.1,\"b\":[18814599168.25,12345678901234567]}", 0, NULL);
	char *json = vigil_json_text(value);

	ck_assert_str_eq(json, "{\"a\":0.1,\"b\":[18814599168.25,12345678901234567]}");
	free(json);
	json_decref(value);
}
END_TEST

START_TEST(an_item_that_would_break_the_line_is_left_out)
{
	static const char *const labels[] = {"", "a|b", "a\nb", "a\rb"};

	for (size_t i = 0; i < COUNT(labels); i++)
		ck_assert_str_eq(put(labels[i], "{\"value\": 1}"), "");
	ck_assert_str_eq(put("a", "{\"value\": \"1\"}"), "");
	ck_assert_str_eq(put("a", "{}"), "");
	ck_assert_str_eq(put("a", "[]"), "");
	ck_assert_str_eq(put("a", "{\"value\": 1, \"unit\": \"s 'b'=2\"}"), "'a'=1");
	ck_assert_str_eq(put("a", "{\"value\": 1, \"warn\": \"1;2\", \"crit\": 3}"), "'a'=1;;3");
	ck_assert_str_eq(put("a", "{\"value\": 1, \"warn\": [1]}"), "'a'=1");
}
END_TEST

START_TEST(an_item_without_room_is_not_written)
{
	json_t *entry = json_pack("{s:i}", "value", 123);
	char small[8];

	ck_assert_uint_eq(vigil_perfdata(small, 8, "a", entry), 7);
	ck_assert_str_eq(small, "'a'=123");
	ck_assert_uint_eq(vigil_perfdata(small, 7, "a", entry), 0);
	ck_assert_str_eq(small, "");
	ck_assert_uint_eq(vigil_perfdata(small, 0, "a", entry), 0);
	json_decref(entry);
}
END_TEST

SUITE("api_perfdata", NULL, NULL)
{
	TEST(items_are_formatted_as_plugins_print_them);
	TEST(numbers_keep_all_their_digits);
	TEST(labels_are_quoted);
	TEST(json_is_compact_and_complete);
	TEST(an_item_that_would_break_the_line_is_left_out);
	TEST(an_item_without_room_is_not_written);
}
