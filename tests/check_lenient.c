/* check_lenient: JSON as programs print it, including numbers that JSON does not have. */
#include "modules/exec/lenient.h"

#include <stdlib.h>
#include <string.h>

#include "modules/exec/merge.h"
#include "suite.h"

START_TEST(objects_are_read_without_numbers_that_json_cannot_represent)
{
	static const struct {
		const char *text, *json, *said;
		unsigned count;
	} rows[] = {
		{"{\"a\":1}", "{\"a\":1}", "", 0},
		{"\xef\xbb\xbf{\"a\":1}", "{\"a\":1}", "", 0},
		{"{\"a\":NaN,\"b\":2}", "{\"a\":null,\"b\":2}", "\"a\" is NaN and is left out", 1},
		{"{\"a\": -Infinity , \"b\":[Infinity,1,nan,-inf,+INF]}",
			"{\"a\":null,\"b\":[null,1,null,null,null]}",
			"\"a\" is -Infinity and is left out", 5},
		{"{\"a\":18446744073709551615,\"b\":2}", "{\"a\":18446744073709552000.0,\"b\":2}",
			"\"a\" is 18446744073709551615 and is rounded", 1},
		{"{\"a\":9223372036854775808}", "{\"a\":9223372036854775800.0}",
			"\"a\" is 9223372036854775808 and is rounded", 1},
		{"{\"a\":[9223372036854775807,-9223372036854775808]}",
			"{\"a\":[9223372036854775807,-9223372036854775808]}", "", 0},
		{"{\"a\":-9223372036854775809}", "{\"a\":-9223372036854775800.0}",
			"\"a\" is -9223372036854775809 and is rounded", 1},
		{"{\"a\":1e400,\"b\":-1e999}", "{\"a\":null,\"b\":null}",
			"\"a\" is 1e400 and is left out", 2},
		{"{\"a\":\"NaN, 18446744073709551615 \\\" NaN\",\"NaN\":true}",
			"{\"NaN\":true,\"a\":\"NaN, 18446744073709551615 \\\" NaN\"}", "", 0},
		{"{\"a\":\"x\ty\nz\",\"b\":1}", "{\"a\":\"x\\ty\\nz\",\"b\":1}", "", 0},
		{"{\"a\":\"caf\xe9\",\"b\":\"caf\xc3\xa9 \xf0\x9f\x98\x80\"}",
			"{\"a\":\"caf\\\\xE9\",\"b\":\"caf\xc3\xa9 \xf0\x9f\x98\x80\"}",
			"\"a\" is a text with invalid UTF-8, whose bytes are shown as codes", 1},
		{"{\"a\":\"\\u0000 \\ud800 \\udc00x \\ud83d\\ude00 \\u00e9\"}",
			"{\"a\":\"\\\\u0000 \\\\ud800 \\\\udc00x \\ud83d\\ude00 \\u00e9\"}",
			"\"a\" is a text with invalid UTF-8, whose bytes are shown as codes", 1},
		{"{\"a\":\"\xed\xa0\x80\xc0\x80\xf5\"}",
			"{\"a\":\"\\\\xED\\\\xA0\\\\x80\\\\xC0\\\\x80\\\\xF5\"}",
			"\"a\" is a text with invalid UTF-8, whose bytes are shown as codes", 1},
		{"\xef\xbb\xbf{\"a\":{\"b\":NaN},\"c\":false}", "{\"a\":{\"b\":null},\"c\":false}",
			"\"b\" is NaN and is left out", 1},
	};
	char why[128];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct lenient changed;
		json_t *object =
			merge_read(rows[i].text, strlen(rows[i].text), why, sizeof(why), &changed);
		json_t *expected = json_loads(rows[i].json, 0, NULL);

		ck_assert_msg(object != NULL, "%s: %s", rows[i].text, why);
		ck_assert_msg(json_equal(object, expected), "%s", rows[i].text);
		ck_assert_str_eq(changed.text, rows[i].said);
		ck_assert_uint_eq(changed.count, rows[i].count);
		json_decref(object);
		json_decref(expected);
	}
}
END_TEST

START_TEST(text_that_is_not_json_is_refused)
{
	static const char *const texts[] = {"", "{", "\xef\xbb\xbf", "{\"a\":NaN", "{\"a\":nano}",
		"[NaN]", "{\"a\":0x10}", "{\"a\":01}", "{\"a\":NaN NaN}", "{\"a", "{\"a\\",
		"{NaN:1}", "-", "+", "{\"a\":--Infinity}", "\xef\xbb\xbf\xef\xbb\xbf{}"};
	char why[128];

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct lenient changed;

		why[0] = '\0';
		ck_assert_msg(
			merge_read(texts[i], strlen(texts[i]), why, sizeof(why), &changed) == NULL,
			"%s", texts[i]);
		ck_assert_str_ne(why, "");
	}
}
END_TEST

/* The input that grows most. A sanitizer would report a buffer that is too small. */
START_TEST(the_buffer_is_large_enough_for_the_largest_growth)
{
	static const char *const parts[] = {
		"nan,", "inf ", "9999999999999999999,", "-inf:", "1e999]", "\"\x80\x01\","};
	char text[4096];

	for (size_t i = 0; i < COUNT(parts); i++) {
		struct lenient changed;
		size_t length = 0;
		char *json;

		while (length + strlen(parts[i]) < sizeof(text))
			length += (size_t)sprintf(text + length, "%s", parts[i]);
		json = lenient_json(text, &length, &changed);
		ck_assert_ptr_nonnull(json);
		ck_assert_uint_eq(strlen(json), length);
		ck_assert_uint_gt(changed.count, 100);
		free(json);
	}
}
END_TEST

SUITE("lenient", NULL, NULL)
{
	TEST(objects_are_read_without_numbers_that_json_cannot_represent);
	TEST(text_that_is_not_json_is_refused);
	TEST(the_buffer_is_large_enough_for_the_largest_growth);
}
