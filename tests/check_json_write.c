/*
 * check_json_write: the text is the same as that of json_dumps, and ends at its limit.
 */
#include "state/json_write.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/* Compares the texts of a value, and consumes the reference. */
static void expect_same(json_t *value)
{
	struct json_writer writer = {.limit = SIZE_MAX};
	char *expected = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	ck_assert_ptr_nonnull(expected);
	ck_assert(json_write(&writer, value));
	ck_assert_str_eq(writer.text, expected);
	ck_assert_uint_eq(writer.length, strlen(expected));
	free(expected);
	free(writer.text);
	json_decref(value);
}

START_TEST(scalars_are_written_as_jansson_does)
{
	static const double reals[] = {
		0, -0.0, 1, -1.5, 0.1, 1e20, -1e300, 1e-7, 123456789.125, 1.0 / 3};
	static const json_int_t integers[] = {0, 7, -7, 10, 1000000, INT64_MAX, INT64_MIN};

	for (size_t i = 0; i < COUNT(reals); i++)
		expect_same(json_real(reals[i]));
	for (size_t i = 0; i < COUNT(integers); i++)
		expect_same(json_integer(integers[i]));
	expect_same(json_true());
	expect_same(json_false());
	expect_same(json_null());
	expect_same(json_string(""));
	expect_same(json_string("a text / with \xc3\xa4 and \xf0\x9f\x98\x80"));
}
END_TEST

START_TEST(every_byte_of_a_text_is_escaped_as_jansson_does)
{
	char text[] = "a?b";

	for (int c = 0; c < 0x80; c++) {
		text[1] = (char)c;
		expect_same(json_stringn(text, 3));
		expect_same(json_stringn(text + 1, 1));
	}
}
END_TEST

START_TEST(containers_are_written_as_jansson_does)
{
	json_t *many = json_array(), *deep = json_object();

	expect_same(json_object());
	expect_same(json_array());
	expect_same(json_pack("{s:[],s:{},s:[n,{s:s}],s:i}", "", "a", "b\"\n", "c", "d", "e", 1));
	for (int i = 0; i < 10000; i++)
		json_array_append_new(
			many, json_pack("{s:i,s:f,s:s}", "i", i, "f", i / 8.0, "s", "x"));
	expect_same(many);
	for (int i = 0; i < 200; i++)
		deep = json_pack("{s:[o,i]}", "in", deep, i);
	expect_same(deep);
}
END_TEST

START_TEST(a_text_does_not_exceed_its_limit)
{
	json_t *value = json_pack("{s:[i,s,f,b,n],s:{}}", "a", 1, "two\n", 3.5, 1, "b");
	char *whole = json_dumps(value, JSON_COMPACT);
	struct json_writer writer;

	for (size_t limit = 0; limit <= strlen(whole); limit++) {
		writer = (struct json_writer){.limit = limit};
		ck_assert(json_write(&writer, value) == (limit == strlen(whole)));
		ck_assert_uint_le(writer.length, limit);
		ck_assert(writer.length == 0 || strncmp(writer.text, whole, writer.length) == 0);
		ck_assert(!writer.failed);
		free(writer.text);
	}
	free(whole);
	json_decref(value);
}
END_TEST

START_TEST(a_value_that_is_missing_is_a_failure)
{
	struct json_writer writer = {.limit = SIZE_MAX};

	ck_assert(!json_write(&writer, NULL));
	ck_assert(writer.failed);
	free(writer.text);
}
END_TEST

SUITE("json_write", NULL, NULL)
{
	TEST(scalars_are_written_as_jansson_does);
	TEST(every_byte_of_a_text_is_escaped_as_jansson_does);
	TEST(containers_are_written_as_jansson_does);
	TEST(a_text_does_not_exceed_its_limit);
	TEST(a_value_that_is_missing_is_a_failure);
}
