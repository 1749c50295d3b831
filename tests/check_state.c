/*
 * check_state: the state tree: what a write changes, which watches are notified, and which values
 * are refused.
 */
#include "fixture_state.h"

/* --- writing ---------------------------------------------------------------------------------- */

START_TEST(a_write_creates_parents)
{
	ck_assert_str_eq(shown(""), "{}");
	ck_assert_int_eq(set("/a/b/c", "1"), 0);
	ck_assert_str_eq(shown(""), "{\"a\":{\"b\":{\"c\":1}}}");
	ck_assert_int_eq(set("/a/b/d", "[1,{\"x\":2}]"), 0);
	ck_assert_str_eq(shown("/a/b"), "{\"c\":1,\"d\":[1,{\"x\":2}]}");
	ck_assert_str_eq(shown("/a/b/d/1/x"), "2");
	ck_assert_str_eq(shown("/a/b/d/2"), "-");
	ck_assert_str_eq(shown("/a/x"), "-");
	ck_assert_str_eq(shown("/a/b/c/d"), "-");
	/* Names that need escapes, and the empty name. */
	ck_assert_int_eq(set("/m~1n/~0", "true"), 0);
	ck_assert_int_eq(set("/m~1n/", "false"), 0);
	ck_assert_str_eq(shown("/m~1n"), "{\"\":false,\"~\":true}");
	ck_assert_str_eq(shown("/m/n"), "-");
	ck_assert_uint_eq(state_revision(state), 4);
}
END_TEST

START_TEST(parents_that_are_not_objects_are_replaced)
{
	ck_assert_int_eq(set("/a", "5"), 0);
	ck_assert_int_eq(set("/a/b/c", "1"), 0);
	ck_assert_str_eq(shown(""), "{\"a\":{\"b\":{\"c\":1}}}");
	ck_assert_int_eq(set("/null", "null"), 0);
	ck_assert_str_eq(shown("/null"), "null"); /* null is a value */
	ck_assert_int_eq(set("/null/x", "1"), 0);
	ck_assert_str_eq(shown("/null"), "{\"x\":1}");
}
END_TEST

START_TEST(an_element_of_an_array_is_addressed_by_its_index)
{
	static const char *const refused[] = {"/list/9", "/list/-", "/list/01", "/list/x",
		"/list/-1", "/list/", "/list/9/a", "/list/99999999999999999999"};

	ck_assert_int_eq(set("/list", "[1,{\"a\":2}]"), 0);
	ck_assert_int_eq(set("/list/0", "9"), 0);
	ck_assert_int_eq(set("/list/1/a", "3"), 0);
	ck_assert_int_eq(set("/list/1/b/c", "4"), 0);
	ck_assert_int_eq(set("/list/2", "5"), 0);
	ck_assert_int_eq(set("/list/3/x", "6"), 0);
	ck_assert_int_eq(add("/list/0", "7"), -EEXIST);
	for (size_t i = 0; i < COUNT(refused); i++)
		ck_assert_int_eq(set(refused[i], "1"), -EINVAL);
	ck_assert_int_eq(state_unset(state, "/list/0"), -ENOENT);
	ck_assert_int_eq(state_unset(state, "/list/1/a"), 0);
	ck_assert_str_eq(shown("/list"), "[9,{\"b\":{\"c\":4}},5,{\"x\":6}]");
}
END_TEST

START_TEST(writing_an_equal_value_is_not_a_change)
{
	static const char *const values[] = {"null", "true", "false", "0", "1", "0.0", "1.5",
		"\"\"", "\"a\"", "\"b\"", "{}", "[]", "[1]", "[2]", "{\"a\":[1,{\"b\":null}]}",
		"{\"a\":[1,{\"b\":false}]}", "{\"b\":[1]}"};
	uint64_t revision;

	watch("", "w");
	for (size_t i = 0; i < COUNT(values); i++) {
		revision = state_revision(state);
		ck_assert_int_eq(set("/x/y", values[i]), 0);
		ck_assert_uint_eq(state_revision(state), revision + 1);
		ck_assert_str_ne(told, "");
		told[0] = '\0';
		ck_assert_int_eq(set("/x/y", values[i]), 0);
		ck_assert_uint_eq(state_revision(state), revision + 1);
		assert_told("");
	}
}
END_TEST

START_TEST(a_write_takes_the_reference)
{
	json_t *value = json_pack("{s:i}", "a", 1), *same = json_pack("{s:i}", "a", 1), *got;

	ck_assert_int_eq(state_set(state, "/v", json_incref(value)), 0);
	ck_assert_int_eq(value->refcount, 2);
	ck_assert_int_eq(state_set(state, "/v", json_incref(value)), 0); /* the same value */
	ck_assert_int_eq(value->refcount, 2);
	ck_assert_int_eq(state_set(state, "/v", json_incref(same)), 0); /* an equal value */
	ck_assert_int_eq(same->refcount, 1);
	ck_assert_int_eq(state_add(state, "/v", json_incref(same)), -EEXIST);
	ck_assert_int_eq(state_set(state, "v", json_incref(same)), -EINVAL);
	ck_assert_int_eq(state_set(state, "", json_incref(same)), -EINVAL);
	ck_assert_int_eq(same->refcount, 1);
	got = state_get(state, "/v");
	ck_assert_ptr_eq(got, value);
	ck_assert_int_eq(value->refcount, 3);
	ck_assert_int_eq(state_unset(state, "/v"), 0);
	ck_assert_int_eq(value->refcount, 2);
	json_decref(got);
	json_decref(value);
	json_decref(same);
}
END_TEST

START_TEST(add_does_not_replace_a_value)
{
	ck_assert_int_eq(add("/a/b", "1"), 0);
	ck_assert_int_eq(add("/a/b", "1"), -EEXIST);
	ck_assert_int_eq(add("/a/b", "2"), -EEXIST);
	ck_assert_int_eq(add("/a", "{}"), -EEXIST);
	ck_assert_int_eq(add("/a/b/c", "3"), -EEXIST); /* the parent is a number */
	ck_assert_int_eq(add("/a/c", "null"), 0);
	ck_assert_int_eq(add("/a/c", "3"), -EEXIST);
	ck_assert_str_eq(shown(""), "{\"a\":{\"b\":1,\"c\":null}}");
	ck_assert_uint_eq(state_revision(state), 2);
	ck_assert_int_eq(state_add(state, "/x", NULL), -EINVAL);
}
END_TEST

START_TEST(unset_leaves_the_parent)
{
	ck_assert_int_eq(set("/a/b/c", "[1,2]"), 0);
	ck_assert_int_eq(state_unset(state, "/a/b/x"), -ENOENT);
	ck_assert_int_eq(state_unset(state, "/x/y/z"), -ENOENT);
	ck_assert_int_eq(state_unset(state, "/a/b/c/0"), -ENOENT);
	ck_assert_int_eq(state_unset(state, "a"), -EINVAL);
	ck_assert_int_eq(state_unset(state, ""), -EINVAL);
	ck_assert_uint_eq(state_revision(state), 1);
	ck_assert_int_eq(state_unset(state, "/a/b/c"), 0);
	ck_assert_int_eq(state_unset(state, "/a/b/c"), -ENOENT);
	ck_assert_uint_eq(state_revision(state), 2);
	ck_assert_str_eq(shown(""), "{\"a\":{\"b\":{}}}");
}
END_TEST

START_TEST(a_refused_write_changes_nothing)
{
	static const char *const bad[] = {"", "a", "a/b", "/a~", "/a~2", "/\xff", "/ok/\xc0\xaf"};
	char longest[POINTER_MAX + 1];

	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[POINTER_MAX] = '\0';
	watch("", "w");
	for (size_t i = 0; i < COUNT(bad); i++) {
		ck_assert_int_eq(set(bad[i], "1"), -EINVAL);
		ck_assert_int_eq(add(bad[i], "1"), -EINVAL);
		ck_assert_int_eq(state_unset(state, bad[i]), -EINVAL);
	}
	ck_assert_int_eq(set(longest, "1"), -EINVAL);
	ck_assert_int_eq(state_set(state, NULL, json_null()), -EINVAL);
	ck_assert_int_eq(state_set(state, "/a", NULL), -EINVAL);
	ck_assert_ptr_null(state_get(state, "a"));
	ck_assert_ptr_null(state_get(state, NULL));
	ck_assert_str_eq(shown(""), "{}");
	ck_assert_uint_eq(state_revision(state), 0);
	assert_told("");
	longest[POINTER_MAX - 1] = '\0';
	ck_assert_int_eq(set(longest, "1"), 0);
	ck_assert_str_eq(shown(longest), "1");
}
END_TEST

/* --- depth ------------------------------------------------------------------------------------ */

/* Returns this number of levels of [[...]] or {"k":{"k":...}}, without recursion. */
static json_t *nest(int levels, bool objects)
{
	json_t *value = json_null();

	while (levels-- > 0) {
		json_t *around = objects ? json_object() : json_array();

		if (objects)
			json_object_set_new(around, "k", value);
		else
			json_array_append_new(around, value);
		value = around;
	}
	return value;
}

START_TEST(a_value_that_is_nested_too_deeply_is_refused)
{
	char address[64] = "";

	for (int objects = 0; objects < 2; objects++) {
		ck_assert_int_eq(state_set(state, "/v", nest(STATE_DEPTH_MAX, objects)), 0);
		ck_assert_int_eq(
			state_set(state, "/w", nest(STATE_DEPTH_MAX + 1, objects)), -E2BIG);
		ck_assert_int_eq(
			state_add(state, "/w", nest(STATE_DEPTH_MAX + 1, objects)), -E2BIG);
	}
	ck_assert_str_eq(shown("/w"), "-");
	for (int i = 0; i < STATE_DEPTH_MAX; i++)
		strcat(address, "/s");
	ck_assert_int_eq(state_set(state, address, nest(STATE_DEPTH_MAX, true)), 0);
	strcat(address, "/s");
	ck_assert_int_eq(set(address, "1"), -E2BIG);
	ck_assert_int_eq(state_unset(state, address), -E2BIG);
	/* A read may have any depth. */
	ck_assert_ptr_null(state_get(state, address));
	ck_assert_uint_eq(state_revision(state), 3);
}
END_TEST

/* So deep that a recursive free would overflow the stack. */
START_TEST(a_value_with_a_hostile_depth_is_refused_and_freed)
{
	json_t *tail = json_array(), *value;

	for (int objects = 0; objects < 2; objects++)
		ck_assert_int_eq(state_set(state, "/v", nest(1000000, objects)), -E2BIG);
	ck_assert_int_eq(state_set(state, "", nest(1000000, false)), -EINVAL);
	/* A part that has another reference is not taken apart. */
	json_array_append_new(tail, json_string("kept"));
	value = json_incref(tail);
	for (int i = 0; i < 100; i++)
		value = json_pack("[o]", value);
	ck_assert_int_eq(state_set(state, "/v", value), -E2BIG);
	ck_assert_int_eq(tail->refcount, 1);
	ck_assert_str_eq(json_string_value(json_array_get(tail, 0)), "kept");
	json_decref(tail);
	ck_assert_str_eq(shown(""), "{}");
}
END_TEST

/* --- text ------------------------------------------------------------------------------------- */

static json_t *with_bad_text(void)
{
	return json_pack("[{s:o}]", "a", json_string_nocheck("plain and then \xff\xfe"));
}

static json_t *with_bad_key(void)
{
	json_t *object = json_object();

	json_object_set_new_nocheck(object, "a long key, and then \xc3", json_true());
	return object;
}

static json_t *with_nul_in_key(void)
{
#if JANSSON_VERSION_HEX >= 0x020e00
	json_t *object = json_object();

	json_object_setn_new_nocheck(object, "a\0b", 3, json_true());
	return object;
#else
	return with_bad_key();
#endif
}

static json_t *bad_text(void)
{
	return json_stringn_nocheck("a\0\xf0\x28\x8c\x28", 6);
}

static json_t *(*const unwritable[])(void) = {
	bad_text, with_bad_text, with_bad_key, with_nul_in_key};

/* One such value would make every dump of the tree fail. */
START_TEST(a_value_that_is_not_json_is_refused)
{
	set("/v", "1");
	ck_assert_int_eq(state_set(state, "/v", unwritable[_i]()), -EILSEQ);
	ck_assert_int_eq(state_add(state, "/w", unwritable[_i]()), -EILSEQ);
	ck_assert_str_eq(shown(""), "{\"v\":1}");
}
END_TEST

START_TEST(a_string_may_contain_any_character)
{
	static const char text[] = "a\0b \xc3\xa4 \xf0\x9f\x98\x80 ten bytes and more";
	json_t *read;

	ck_assert_int_eq(state_set(state, "/v", json_stringn(text, sizeof(text) - 1)), 0);
	ck_assert_ptr_nonnull(strstr(shown("/v"), "\"a\\u0000b "));
	read = json_loads(shown("/v"), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	ck_assert_uint_eq(json_string_length(read), sizeof(text) - 1);
	ck_assert_mem_eq(json_string_value(read), text, sizeof(text));
	json_decref(read);
}
END_TEST

/* --- lending and size ------------------------------------------------------------------------- */

START_TEST(a_lent_value_is_valid_until_the_next)
{
	const json_t *lent;

	set("/a", "{\"b\":1}");
	lent = state_lend(state, "/a");
	ck_assert_int_eq(json_integer_value(json_object_get(lent, "b")), 1);
	ck_assert_int_eq(lent->refcount, 2);
	ck_assert_ptr_null(state_lend(state, "/x"));
	lent = state_lend(state, "/a");
	ck_assert_int_eq(lent->refcount, 2);
}
END_TEST

/* Each value is written, read and removed. */
START_TEST(many_values_are_written_read_and_removed)
{
	enum { N = 50000 };
	char pointer[64];

	for (int i = 0; i < N; i++) {
		snprintf(pointer, sizeof(pointer), "/daemons/d%d/v", i);
		ck_assert_int_eq(state_set(state, pointer, json_integer(i)), 0);
	}
	for (int i = 0; i < N; i++) {
		json_t *value;

		snprintf(pointer, sizeof(pointer), "/daemons/d%d/v", i);
		value = state_get(state, pointer);
		ck_assert_int_eq(json_integer_value(value), i);
		json_decref(value);
		ck_assert_int_eq(state_unset(state, pointer), 0);
		*strrchr(pointer, '/') = '\0';
		ck_assert_int_eq(state_unset(state, pointer), 0);
	}
	ck_assert_str_eq(shown(""), "{\"daemons\":{}}");
	ck_assert_uint_eq(state_revision(state), 3 * N);
}
END_TEST

SUITE("state", setup, teardown)
{
	TEST(a_write_creates_parents);
	TEST(parents_that_are_not_objects_are_replaced);
	TEST(an_element_of_an_array_is_addressed_by_its_index);
	TEST(writing_an_equal_value_is_not_a_change);
	TEST(a_write_takes_the_reference);
	TEST(add_does_not_replace_a_value);
	TEST(unset_leaves_the_parent);
	TEST(a_refused_write_changes_nothing);
	TEST(a_value_that_is_nested_too_deeply_is_refused);
	TEST(a_value_with_a_hostile_depth_is_refused_and_freed);
	LOOP_TEST(a_value_that_is_not_json_is_refused, COUNT(unwritable));
	TEST(a_string_may_contain_any_character);
	TEST(a_lent_value_is_valid_until_the_next);
	TEST(many_values_are_written_read_and_removed);
}
