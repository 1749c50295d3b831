/*
 * check_state: the state tree: what a write changes, which watches are notified, and which values
 * are refused.
 */
#include "state/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static struct state *state;

static void setup(void)
{
	state = state_new();
	ck_assert_ptr_nonnull(state);
}

static void teardown(void)
{
	state_free(state);
}

/* Returns the value as text; "-": there is none. */
static const char *shown(const char *pointer)
{
	static char text[4096];
	json_t *value = state_get(state, pointer);
	size_t n = 0;

	if (value == NULL)
		return "-";
	n = json_dumpb(
		value, text, sizeof(text) - 1, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	ck_assert_uint_lt(n, sizeof(text));
	text[n] = '\0';
	json_decref(value);
	return text;
}

static int set(const char *pointer, const char *json)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

	ck_assert_msg(value != NULL, "%s", json);
	return state_set(state, pointer, value);
}

static int add(const char *pointer, const char *json)
{
	return state_add(state, pointer, json_loads(json, JSON_DECODE_ANY, NULL));
}

/* The notifications, one after the other: "who@revision pointer=value;". */
static char told[8192];

static void on_told(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	size_t at = strlen(told);
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	snprintf(told + at, sizeof(told) - at, "%s@%ju %s=%s;", (const char *)arg,
		(uintmax_t)revision, pointer, text != NULL ? text : "-");
	free(text);
}

static struct state_watch *watch(const char *pointer, const char *who)
{
	struct state_watch *made = state_watch(state, pointer, on_told, (void *)who);

	ck_assert_ptr_nonnull(made);
	return made;
}

#define assert_told(expected)                     \
	do {                                      \
		ck_assert_str_eq(told, expected); \
		told[0] = '\0';                   \
	} while (0)

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
	ck_assert_int_eq(set("/list", "[1,2]"), 0);
	ck_assert_int_eq(set("/list/0", "9"), 0);
	ck_assert_str_eq(shown("/list"), "{\"0\":9}");
	ck_assert_int_eq(set("/null", "null"), 0);
	ck_assert_str_eq(shown("/null"), "null"); /* null is a value */
	ck_assert_int_eq(set("/null/x", "1"), 0);
	ck_assert_str_eq(shown("/null"), "{\"x\":1}");
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

/* --- watches ---------------------------------------------------------------------------------- */

START_TEST(watches_above_at_and_below_a_write_are_notified)
{
	watch("", "all");
	watch("/a", "a");
	watch("/a/b", "b");
	watch("/ab", "ab");
	watch("/a/b/c", "c");
	set("/a/b", "{\"c\":1}");
	assert_told(
		"all@1 /a/b={\"c\":1};a@1 /a/b={\"c\":1};b@1 /a/b={\"c\":1};c@1 /a/b={\"c\":1};");
	set("/a/b/d", "2");
	assert_told("all@2 /a/b/d=2;a@2 /a/b/d=2;b@2 /a/b/d=2;");
	set("/ab", "3");
	assert_told("all@3 /ab=3;ab@3 /ab=3;");
	state_unset(state, "/a");
	assert_told("all@4 /a=-;a@4 /a=-;b@4 /a=-;c@4 /a=-;");
	set("/x/y/z", "4"); /* parents are created, and the notification has the written value */
	assert_told("all@5 /x/y/z=4;");
	errno = 0;
	ck_assert_ptr_null(state_watch(state, "a", on_told, NULL));
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* A write below an array replaces the array, so watches of its elements are notified. */
START_TEST(watches_of_a_replaced_array_are_notified)
{
	set("/a/list", "[1,2]");
	watch("/a/list/1", "second");
	watch("/a/list/x/y", "place");
	watch("/a/other", "other");
	set("/a/list/x/y", "3");
	assert_told("second@2 /a/list={\"x\":{\"y\":3}};place@2 /a/list={\"x\":{\"y\":3}};");
	set("/a/list/x/y", "4");
	assert_told("place@3 /a/list/x/y=4;");
}
END_TEST

START_TEST(a_freed_watch_is_not_notified)
{
	struct state_watch *a = watch("", "a"), *b = watch("", "b"), *c = watch("", "c");

	state_unwatch(b);
	set("/x", "1");
	assert_told("a@1 /x=1;c@1 /x=1;");
	state_unwatch(c);
	watch("", "d");
	set("/x", "2");
	assert_told("a@2 /x=2;d@2 /x=2;");
	state_unwatch(a);
	state_unwatch(NULL);
	set("/x", "3");
	assert_told("d@3 /x=3;");
}
END_TEST

/* Callbacks that free their own watch, the previous one, the next one, or all. */
static struct state_watch *crowd[5];

static void on_unwatch(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	const char *freed;

	on_told(revision, pointer, value, (void *)"u");
	for (freed = arg; *freed != '\0'; freed++) {
		state_unwatch(crowd[*freed - '0']);
		crowd[*freed - '0'] = NULL;
	}
}

START_TEST(watches_may_be_freed_in_a_callback)
{
	static const struct {
		const char *freed, *first, *second;
	} rows[] = {
		{"2", "0@1 /x=1;1@1 /x=1;u@1 /x=1;3@1 /x=1;4@1 /x=1;",
			"0@2 /x=2;1@2 /x=2;3@2 /x=2;4@2 /x=2;"},
		{"3", "0@1 /x=1;1@1 /x=1;u@1 /x=1;4@1 /x=1;", NULL},
		{"1", "0@1 /x=1;1@1 /x=1;u@1 /x=1;3@1 /x=1;4@1 /x=1;", NULL},
		{"234", "0@1 /x=1;1@1 /x=1;u@1 /x=1;", "0@2 /x=2;1@2 /x=2;"},
		{"01234", "0@1 /x=1;1@1 /x=1;u@1 /x=1;", ""},
	};
	static const char *const names[] = {"0", "1", "2", "3", "4"};

	for (size_t i = 0; i < COUNT(rows); i++) {
		teardown();
		setup();
		for (size_t k = 0; k < COUNT(crowd); k++)
			crowd[k] =
				k == 2 ? state_watch(state, "", on_unwatch, (void *)rows[i].freed)
				       : watch("", names[k]);
		set("/x", "1");
		assert_told(rows[i].first);
		if (rows[i].second == NULL)
			continue;
		set("/x", "2");
		assert_told(rows[i].second);
	}
}
END_TEST

static int refusals[3];

static void on_write(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	refusals[0] = set("/y", "1");
	refusals[1] = add("/z", "1");
	refusals[2] = state_unset(state, "/x");
	ck_assert_str_eq(shown("/x"), "1"); /* a callback may read, and sees the change */
}

START_TEST(callbacks_may_not_write)
{
	struct state_watch *writer = state_watch(state, "/x", on_write, NULL);

	ck_assert_int_eq(set("/x", "1"), 0);
	for (size_t i = 0; i < COUNT(refusals); i++)
		ck_assert_int_eq(refusals[i], -EBUSY);
	ck_assert_str_eq(shown(""), "{\"x\":1}");
	ck_assert_uint_eq(state_revision(state), 1);
	state_unwatch(writer);
	ck_assert_int_eq(set("/x", "2"), 0);
	ck_assert_int_eq(set("/y", "2"), 0);
}
END_TEST

static void on_watch(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	if (revision < 3)
		watch("", revision == 1 ? "first" : "second");
}

START_TEST(a_new_watch_is_notified_from_the_next_change_on)
{
	ck_assert_ptr_nonnull(state_watch(state, "", on_watch, NULL));
	set("/x", "1");
	assert_told("");
	set("/x", "2");
	assert_told("first@2 /x=2;");
	set("/x", "3");
	assert_told("first@3 /x=3;second@3 /x=3;");
}
END_TEST

/* --- accounts --------------------------------------------------------------------------------- */

static json_t *on_read(const char *rest, void *arg)
{
	json_t *all = json_pack("{s:{s:i}}", "one", "ticks", ++*(int *)arg), *value;

	value = json_incref(json_pointer_follow(all, rest));
	json_decref(all);
	return value;
}

static json_t *on_read_nothing(const char *rest, void *arg)
{
	return NULL;
}

START_TEST(accounts_are_computed_when_read)
{
	int reads = 0;

	ck_assert_int_eq(state_mount(state, "/runs", on_read, &reads), 0);
	ck_assert_int_eq(state_mount(state, "/none", on_read_nothing, NULL), 0);
	ck_assert_int_eq(state_mount(state, "/sl~1ash", on_read, &reads), 0);
	ck_assert_int_eq(reads, 0);
	set("/runs2", "1");
	ck_assert_str_eq(shown("/runs"), "{\"one\":{\"ticks\":1}}");
	ck_assert_str_eq(shown("/runs/one/ticks"), "2");
	ck_assert_str_eq(shown("/runs/two"), "-");
	ck_assert_str_eq(shown("/none"), "-");
	ck_assert_str_eq(shown("/runs2"), "1");
	reads = 9;
	state_unset(state, "/runs2");
	set("/daemons/a", "1");
	ck_assert_ptr_nonnull(strstr(shown(""), "\"runs\":{\"one\":{\"ticks\":1"));
	ck_assert_ptr_nonnull(strstr(shown(""), "\"sl/ash\":{"));
	ck_assert_ptr_nonnull(strstr(shown(""), "\"daemons\":{\"a\":1}"));
	ck_assert_ptr_null(strstr(shown(""), "none"));
	ck_assert_uint_eq(state_revision(state), 3);
}
END_TEST

START_TEST(accounts_cannot_be_written)
{
	int reads = 0;
	json_t *all;

	ck_assert_int_eq(state_mount(state, "/runs", on_read, &reads), 0);
	ck_assert_int_eq(set("/runs", "1"), -EPERM);
	ck_assert_int_eq(set("/runs/one/ticks", "1"), -EPERM);
	ck_assert_int_eq(add("/runs/two", "1"), -EPERM);
	ck_assert_int_eq(state_unset(state, "/runs/one"), -EPERM);
	ck_assert_uint_eq(state_revision(state), 0);
	/* A change of the returned whole state does not change the state. */
	all = state_get(state, "");
	json_object_set_new(all, "mine", json_true());
	json_decref(all);
	ck_assert_str_eq(shown("/mine"), "-");

	set("/taken", "1");
	ck_assert_int_eq(state_mount(state, "/taken", on_read, &reads), -EEXIST);
	ck_assert_int_eq(state_mount(state, "/runs", on_read, &reads), -EEXIST);
	ck_assert_int_eq(state_mount(state, "/a/b", on_read, &reads), -EINVAL);
	ck_assert_int_eq(state_mount(state, "", on_read, &reads), -EINVAL);
	ck_assert_int_eq(state_mount(state, "runs", on_read, &reads), -EINVAL);
}
END_TEST

START_TEST(announcements_reach_the_watches)
{
	int reads = 0;
	json_t *value = json_string("ok");

	ck_assert_int_eq(state_mount(state, "/runs", on_read, &reads), 0);
	watch("/runs/one", "one");
	watch("/runs/two", "two");
	watch("", "all");
	state_announce(state, "/runs/one/health", value);
	assert_told("one@1 /runs/one/health=\"ok\";all@1 /runs/one/health=\"ok\";");
	state_announce(state, "/runs/one", NULL);
	assert_told("one@2 /runs/one=-;all@2 /runs/one=-;");
	ck_assert_int_eq(value->refcount, 1);
	ck_assert_int_eq(reads, 0);
	json_decref(value);
}
END_TEST

static void on_announce(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	if (strcmp(pointer, "/x") == 0) {
		state_unwatch(arg != NULL ? *(struct state_watch **)arg : NULL);
		state_announce(state, "/runs/one", NULL);
		watch("", "new");
	}
}

/* An announcement in a callback is delivered, and no watch is skipped or used after its free. */
START_TEST(a_callback_may_announce)
{
	struct state_watch *gone;

	watch("", "before");
	ck_assert_ptr_nonnull(state_watch(state, "", on_announce, &gone));
	gone = watch("", "gone");
	watch("", "after");
	set("/x", "1");
	assert_told("before@1 /x=1;before@2 /runs/one=-;after@2 /runs/one=-;after@1 /x=1;");
	ck_assert_uint_eq(state_revision(state), 2);
	set("/y", "1");
	assert_told("before@3 /y=1;after@3 /y=1;new@3 /y=1;");
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
	TEST(writing_an_equal_value_is_not_a_change);
	TEST(a_write_takes_the_reference);
	TEST(add_does_not_replace_a_value);
	TEST(unset_leaves_the_parent);
	TEST(a_refused_write_changes_nothing);
	TEST(a_value_that_is_nested_too_deeply_is_refused);
	TEST(a_value_with_a_hostile_depth_is_refused_and_freed);
	TEST(watches_above_at_and_below_a_write_are_notified);
	TEST(watches_of_a_replaced_array_are_notified);
	TEST(a_freed_watch_is_not_notified);
	TEST(watches_may_be_freed_in_a_callback);
	TEST(callbacks_may_not_write);
	TEST(a_new_watch_is_notified_from_the_next_change_on);
	TEST(accounts_are_computed_when_read);
	TEST(accounts_cannot_be_written);
	TEST(announcements_reach_the_watches);
	TEST(a_callback_may_announce);
	TEST(a_lent_value_is_valid_until_the_next);
	TEST(many_values_are_written_read_and_removed);
}
