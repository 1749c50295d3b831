/* check_merge: the state that a program may set below its daemon is limited, and an object is
 * applied as a whole or not at all. */
#include "modules/exec/merge.h"

#include "fixture_environment.h"

static struct vigil_daemon *d;
static char why[256];

static int start(vigil_daemon *daemon)
{
	return 0;
}

static const vigil_option schema[] = {VIGIL_OPTION_END};
static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.options = schema,
	.start = start};

static void setup(void)
{
	environment_setup();
	d = daemon_new(&environment, "test", "test", &module, NULL);
	ck_assert_int_eq(daemon_start(d), 0);
}

static void teardown(void)
{
	daemon_free(d);
	environment_teardown();
}

/* The first member is too large, so nothing of the object is set. The other members would remove
 * everything. */
static json_t *make_refused(int members)
{
	json_t *object = json_object();
	char key[16], large[400];

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	json_object_set_new(object, "large", json_string(large));
	for (int i = 0; i < members; i++) {
		snprintf(key, sizeof(key), "m%d", i);
		json_object_set_new(object, key, json_null());
	}
	return object;
}

START_TEST(a_refused_object_removes_nothing)
{
	struct merge merge = {.bytes_max = 4096, .member_max = 256};
	char key[16], text[201];

	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "m%d", i);
		merge_set(&merge, d, json_pack("{s:s}", key, text), why, sizeof(why));
		ck_assert_int_ne(merge_set(&merge, d, make_refused(i + 1), why, sizeof(why)), 0);
		ck_assert_uint_le(strlen(state_at("/daemons/test")), merge.bytes_max);
	}
	ck_assert_uint_gt(strlen(state_at("/daemons/test")), 2000);
}
END_TEST

/* The good members come first and last, so that a merge that stops in the middle is seen. */
static const struct {
	const char *member, *why;
} refused[] = {
	{"\"output\": 5", "the member \"output\" is a number, not a string"},
	{"\"long_output\": [1]", "the member \"long_output\" is an array, not a string"},
	{"\"perfdata\": \"a=1\"", "the member \"perfdata\" is a string, not an object"},
	{"\"perfdata\": {\"load 1\": 3}",
		"the label \"load 1\" of perfdata is a number, not an object"},
	{"\"perfdata\": {\"a\": {\"value\": \"3\"}}",
		"\"value\" of the label \"a\" of perfdata is a string, not a number"},
	{"\"perfdata\": {\"a\": {\"value\": 3, \"unit\": true}}",
		"\"unit\" of the label \"a\" of perfdata is true, not a string"},
	{"\"deep\": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
		"the member \"deep\" is nested too deeply"},
	{"\"\": 1", "a member has an empty name"},
	{"\"large\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
		"the member \"large\" would have more bytes than member_max"},
	/* added to the members that are there, each fits alone */
	{"\"object\": {\"b\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}",
		"the member \"object\" would have more bytes than member_max"},
};

START_TEST(an_object_is_applied_as_a_whole_or_not_at_all)
{
	struct merge merge = {.bytes_max = 65536, .member_max = 64};
	struct lenient changed;
	char text[512], *before;
	json_t *object;

	object = json_pack("{s:i,s:i,s:{s:i}}", "first", 1, "gone", 1, "object", "a", 1);
	ck_assert_int_eq(merge_set(&merge, d, object, why, sizeof(why)), 0);
	before = strdup(state_at("/daemons/test"));
	snprintf(text, sizeof(text), "{\"first\": 2, \"gone\": null, %s, \"last\": 2}",
		refused[_i].member);
	object = merge_read(text, strlen(text), why, sizeof(why), &changed);
	ck_assert_ptr_ne(object, NULL);
	ck_assert_int_ne(merge_set(&merge, d, object, why, sizeof(why)), 0);
	ck_assert_str_eq(why, refused[_i].why);
	ck_assert_str_eq(state_at("/daemons/test"), before);
	free(before);
}
END_TEST

START_TEST(null_removes_a_member_that_vigil_reads)
{
	struct merge merge = {.bytes_max = 65536, .member_max = 1024};
	json_t *object = json_pack("{s:s,s:{s:{s:f,s:s}}}", "output", "fine", "perfdata", "a",
		"value", 1.5, "unit", "s");

	ck_assert_int_eq(merge_set(&merge, d, object, why, sizeof(why)), 0);
	object = json_pack("{s:n,s:{s:n}}", "output", "perfdata", "a");
	ck_assert_int_eq(merge_set(&merge, d, object, why, sizeof(why)), 0);
	ck_assert_str_eq(state_at("/daemons/test"), "{\"perfdata\":{}}");
}
END_TEST

SUITE("merge", setup, teardown)
{
	TEST(null_removes_a_member_that_vigil_reads);
	LOOP_TEST(an_object_is_applied_as_a_whole_or_not_at_all, COUNT(refused));
	TEST(a_refused_object_removes_nothing);
}
