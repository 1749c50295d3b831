/*
 * check_json_pointer: the examples of RFC 6901, the limits, and values that are nested too deeply.
 */
#include "state/json_pointer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state/json_value.h"
#include "suite.h"

START_TEST(pointers_are_checked)
{
	static const char *const good[] = {"", "/", "//", "/a", "/a/b", "/a~0b/c~1d", "/~00",
		"/\xc3\xa9", "/with space", "/0"};
	static const char *const bad[] = {
		"a", "a/b", "/~", "/~2", "/a~", "/a~/b", "/~0~", "/\xff", "/\xc0\xaf", " /a"};
	char longest[POINTER_MAX + 1];
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		ck_assert_msg(json_pointer_check(good[i]) == 0, "%s", good[i]);
	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(json_pointer_check(bad[i]) == -EINVAL, "%s", bad[i]);
	ck_assert_int_eq(json_pointer_check(NULL), -EINVAL);

	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[POINTER_MAX - 1] = '\0';
	ck_assert_int_eq(json_pointer_check(longest), 0);
	longest[POINTER_MAX - 1] = 'x';
	longest[POINTER_MAX] = '\0';
	ck_assert_int_eq(json_pointer_check(longest), -EINVAL);
}
END_TEST

START_TEST(an_error_says_what_is_invalid)
{
	static const char *const rows[][2] = {
		{"a", "slash"},
		{"/a~", "~"},
		{"/a~/b", "~"},
		{"/~2", "~"},
		{"/\xff", "UTF-8"},
	};
	char longest[POINTER_MAX + 1];

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_ptr_nonnull(strstr(json_pointer_error(rows[i][0]), rows[i][1]));
	ck_assert_ptr_nonnull(strstr(json_pointer_error(NULL), "slash"));
	ck_assert_ptr_null(json_pointer_error("/a~0"));
	memset(longest, '/', sizeof(longest));
	longest[POINTER_MAX] = '\0';
	ck_assert_ptr_nonnull(strstr(json_pointer_error(longest), "1023 bytes"));
}
END_TEST

START_TEST(append_escapes_the_name)
{
	char buf[32] = "/runs";

	ck_assert_int_eq(json_pointer_append(buf, sizeof(buf), "a/b~c"), 0);
	ck_assert_str_eq(buf, "/runs/a~1b~0c");
	ck_assert_int_eq(json_pointer_append(buf, sizeof(buf), ""), 0);
	ck_assert_str_eq(buf, "/runs/a~1b~0c/");
	ck_assert_int_eq(json_pointer_check(buf), 0);
}
END_TEST

START_TEST(split_unescapes_the_steps)
{
	struct json_pointer_path path;

	ck_assert_int_eq(json_pointer_split(&path, "", 2), 0);
	ck_assert_int_eq(path.count, 0);
	ck_assert_int_eq(json_pointer_split(&path, "/a~1b~0~01//\xc3\xa9", 3), 0);
	ck_assert_int_eq(path.count, 3);
	ck_assert_str_eq(path.step[0], "a/b~~1");
	ck_assert_str_eq(path.step[1], "");
	ck_assert_str_eq(path.step[2], "\xc3\xa9");
	ck_assert_int_eq(json_pointer_split(&path, "/a/b/c", 2), -E2BIG);
	ck_assert_int_eq(json_pointer_split(&path, NULL, 2), -EINVAL);
}
END_TEST

/* json_pointer_split accepts exactly the pointers that json_pointer_check accepts, also at each
 * length near the limit. */
START_TEST(split_agrees_with_check)
{
	static const char *const all[] = {"", "/", "//", "/a", "/~0", "/~00", "/\xc3\xa9", "a",
		"/~", "/~2", "/a~", "/a~/b", "/\xff", "/\xc0\xaf", "/\xc3", " /a",
		"/\xe2\x82\xac/~1"};
	static const char *const ends[] = {"x", "/", "~0", "\xc3\xa9", "~"};
	struct json_pointer_path path;
	char text[POINTER_MAX + 8];
	size_t i, length;

	for (i = 0; i < COUNT(all); i++)
		ck_assert_msg(json_pointer_split(&path, all[i], POINTER_STEPS) ==
				      json_pointer_check(all[i]),
			"%s", all[i]);
	for (i = 0; i < COUNT(ends); i++)
		for (length = POINTER_MAX - 4; length < POINTER_MAX + 2; length++) {
			memset(text, 'x', length);
			text[0] = '/';
			strcpy(text + length, ends[i]);
			ck_assert_msg(json_pointer_split(&path, text, POINTER_STEPS) ==
					      json_pointer_check(text),
				"%zu and \"%s\"", length, ends[i]);
		}
}
END_TEST

/* For each size of the buffer, either the whole name is appended or nothing. */
START_TEST(append_does_not_exceed_the_buffer)
{
	const char *whole = "/a/b~1~0c";
	size_t size;

	for (size = strlen("/a") + 1; size <= strlen(whole) + 2; size++) {
		char *buf = malloc(size);

		strcpy(buf, "/a");
		if (size > strlen(whole)) {
			ck_assert_int_eq(json_pointer_append(buf, size, "b/~c"), 0);
			ck_assert_str_eq(buf, whole);
		} else {
			ck_assert_int_eq(json_pointer_append(buf, size, "b/~c"), -ENAMETOOLONG);
			ck_assert_str_eq(buf, "/a");
		}
		free(buf);
	}
}
END_TEST

START_TEST(steps_are_read_one_by_one)
{
	const char *p = "/daemons/a~1b~0~01//x";
	char step[8];

	p = json_pointer_step(p, step, sizeof(step));
	ck_assert_str_eq(step, "daemons");
	p = json_pointer_step(p, step, sizeof(step));
	ck_assert_str_eq(step, "a/b~~1"); /* ~01 is ~1, never / */
	p = json_pointer_step(p, step, sizeof(step));
	ck_assert_str_eq(step, "");
	p = json_pointer_step(p, step, sizeof(step));
	ck_assert_str_eq(step, "x");
	ck_assert_str_eq(p, "");
	ck_assert_ptr_null(json_pointer_step(p, step, sizeof(step)));
	ck_assert_ptr_null(json_pointer_step("/eightest", step, sizeof(step)));
	ck_assert_ptr_null(json_pointer_step("/eightest/b", step, sizeof(step)));
	ck_assert_ptr_null(json_pointer_step("/a~", step, sizeof(step)));
	ck_assert_ptr_null(json_pointer_step("/a~7", step, sizeof(step)));
	ck_assert_ptr_null(json_pointer_step("a", step, sizeof(step)));
	ck_assert_ptr_null(json_pointer_step("/a", step, 0));
}
END_TEST

START_TEST(an_appended_name_is_read_back)
{
	static const char *const names[] = {
		"", "~", "/", "~1", "~0", "a.b@c", "//~~", "\xe2\x82\xac"};
	char buf[64], step[64];
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		buf[0] = '\0';
		ck_assert_int_eq(json_pointer_append(buf, sizeof(buf), names[i]), 0);
		ck_assert_str_eq(json_pointer_step(buf, step, sizeof(step)), "");
		ck_assert_str_eq(step, names[i]);
	}
}
END_TEST

/* RFC 6901, section 5. */
START_TEST(a_pointer_is_followed)
{
	static const struct {
		const char *pointer;
		int value;
	} cases[] = {{"/", 0}, {"/a~1b", 1}, {"/c%d", 2}, {"/e^f", 3}, {"/g|h", 4}, {"/i\\j", 5},
		{"/k\"l", 6}, {"/ ", 7}, {"/m~0n", 8}, {"/deep/1/x", 9}};
	static const char *const nothing[] = {"/b", "/foo/2", "/foo/-", "/foo/01", "/foo/-1",
		"/foo/+1", "/foo/ 1", "/foo/1x", "/foo/", "/foo/4294967296",
		"/foo/18446744073709551616", "/foo/0/x", "//x", "/m~2n", "foo", "/deep/1/x/y"};
	json_t *doc = json_pack("{s:[ss] s:i s:i s:i s:i s:i s:i s:i s:i s:i s:[n{s:i}]}", "foo",
		"bar", "baz", "", 0, "a/b", 1, "c%d", 2, "e^f", 3, "g|h", 4, "i\\j", 5, "k\"l", 6,
		" ", 7, "m~n", 8, "deep", "x", 9);
	size_t i;

	ck_assert_ptr_nonnull(doc);
	ck_assert_ptr_eq(json_pointer_follow(doc, ""), doc);
	ck_assert_str_eq(json_string_value(json_pointer_follow(doc, "/foo/0")), "bar");
	ck_assert_str_eq(json_string_value(json_pointer_follow(doc, "/foo/1")), "baz");
	ck_assert(json_is_null(json_pointer_follow(doc, "/deep/0")));
	for (i = 0; i < COUNT(cases); i++) {
		json_t *found = json_pointer_follow(doc, cases[i].pointer);

		ck_assert_msg(json_is_integer(found), "%s", cases[i].pointer);
		ck_assert_int_eq(json_integer_value(found), cases[i].value);
	}
	for (i = 0; i < COUNT(nothing); i++)
		ck_assert_msg(!json_pointer_follow(doc, nothing[i]), "%s", nothing[i]);
	ck_assert_ptr_null(json_pointer_follow(NULL, ""));
	ck_assert_ptr_null(json_pointer_follow(NULL, "/a"));
	ck_assert_int_eq(doc->refcount, 1);
	json_decref(doc);
}
END_TEST

START_TEST(a_pointer_covers_itself_and_longer_ones)
{
	ck_assert(json_pointer_covers("", ""));
	ck_assert(json_pointer_covers("", "/a/b"));
	ck_assert(json_pointer_covers("/a", "/a"));
	ck_assert(json_pointer_covers("/a", "/a/b"));
	ck_assert(json_pointer_covers("/a", "/a/"));
	ck_assert(!json_pointer_covers("/a", ""));
	ck_assert(!json_pointer_covers("/a", "/ab"));
	ck_assert(!json_pointer_covers("/a", "/a~1b"));
	ck_assert(!json_pointer_covers("/a/b", "/a"));
	ck_assert(!json_pointer_covers("/a/", "/a"));
}
END_TEST

START_TEST(two_pointers_meet_if_one_covers_the_other)
{
	static const char *const places[] = {
		"", "/", "/a", "/a/", "/a/b", "/a/bc", "/a/b/c", "/ab", "/a~1b", "/b", "//a"};

	for (size_t i = 0; i < COUNT(places); i++)
		for (size_t k = 0; k < COUNT(places); k++)
			ck_assert_msg(pointers_meet(places[i], places[k]) ==
					      (json_pointer_covers(places[i], places[k]) ||
						      json_pointer_covers(places[k], places[i])),
				"\"%s\" and \"%s\"", places[i], places[k]);
}
END_TEST

/* Returns a value with this number of levels, alternating arrays and objects with other members. */
static json_t *nest(int levels)
{
	json_t *value = json_integer(1);
	int i;

	for (i = 0; i < levels; i++)
		value = i % 2 ? json_pack("{s:i s:o s:s}", "a", 1, "b", value, "c", "x")
			      : json_pack("[ios]", 1, value, "x");
	return value;
}

START_TEST(the_depth_of_a_value_is_computed)
{
	json_t *flat = json_pack("[[][[]][]{s:{s:[]}}[]]", "a", "b");
	json_t *empty = json_object(), *list = json_array(), *word = json_string("x");
	int n;

	ck_assert_int_eq(json_depth(word, 16), 0);
	ck_assert_int_eq(json_depth(word, 0), 0);
	ck_assert_int_eq(json_depth(empty, 16), 1);
	ck_assert_int_eq(json_depth(list, 16), 1);
	ck_assert_int_eq(json_depth(empty, 0), 1);
	ck_assert_int_eq(json_depth(flat, 16), 4);
	ck_assert_int_eq(json_depth(flat, 3), 4);
	ck_assert_int_eq(json_depth(flat, 2), 3);
	json_decref(flat);
	json_decref(empty);
	json_decref(list);
	json_decref(word);

	for (n = 2; n < 100; n++) {
		json_t *value = nest(n);

		ck_assert_int_eq(json_depth(value, 64), n < 65 ? n : 65);
		ck_assert_int_eq(json_depth(value, 1000), n < 65 ? n : 65);
		ck_assert_int_eq(json_depth(value, 16), n < 17 ? n : 17);
		json_decref(value);
	}
}
END_TEST

START_TEST(the_depth_of_a_cyclic_value_is_limited)
{
	json_t *a = json_object(), *b = json_array();

	json_object_set(a, "b", b);
	json_array_append(b, a);
	ck_assert_int_eq(json_depth(a, 16), 17);
	json_array_clear(b);
	json_decref(b);
	json_decref(a);
}
END_TEST

SUITE("json_pointer", NULL, NULL)
{
	TEST(pointers_are_checked);
	TEST(an_error_says_what_is_invalid);
	TEST(append_escapes_the_name);
	TEST(split_unescapes_the_steps);
	TEST(split_agrees_with_check);
	TEST(append_does_not_exceed_the_buffer);
	TEST(steps_are_read_one_by_one);
	TEST(an_appended_name_is_read_back);
	TEST(a_pointer_is_followed);
	TEST(a_pointer_covers_itself_and_longer_ones);
	TEST(two_pointers_meet_if_one_covers_the_other);
	TEST(the_depth_of_a_value_is_computed);
	TEST(the_depth_of_a_cyclic_value_is_limited);
}
