/*
 * check_state_watch: which watches of the state are notified, and values that are computed when
 * they are read.
 */
#include "fixture_state.h"

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

START_TEST(watches_of_a_replaced_scalar_and_of_an_element_are_notified)
{
	set("/a/list", "[1,2]");
	set("/a/text", "\"t\"");
	watch("/a/list/1", "second");
	watch("/a/text/x/y", "place");
	watch("/a/other", "other");
	set("/a/text/x/y", "3");
	assert_told("place@3 /a/text={\"x\":{\"y\":3}};");
	set("/a/text/x/y", "4");
	assert_told("place@4 /a/text/x/y=4;");
	set("/a/list/0", "5");
	assert_told("");
	set("/a/list/1/z", "6");
	assert_told("second@6 /a/list/1={\"z\":6};");
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

SUITE("state_watch", setup, teardown)
{
	TEST(watches_above_at_and_below_a_write_are_notified);
	TEST(watches_of_a_replaced_scalar_and_of_an_element_are_notified);
	TEST(a_freed_watch_is_not_notified);
	TEST(watches_may_be_freed_in_a_callback);
	TEST(callbacks_may_not_write);
	TEST(a_new_watch_is_notified_from_the_next_change_on);
	TEST(accounts_are_computed_when_read);
	TEST(accounts_cannot_be_written);
	TEST(announcements_reach_the_watches);
	TEST(a_callback_may_announce);
}
