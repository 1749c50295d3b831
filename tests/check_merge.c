/* check_merge: the state that a program may set below its daemon is limited. */
#include "modules/exec/merge.h"

#include "fixture_environment.h"

static struct vigil_daemon *d;

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
		merge_set(&merge, d, json_pack("{s:s}", key, text));
		ck_assert_int_ne(merge_set(&merge, d, make_refused(i + 1)), 0);
		ck_assert_uint_le(strlen(state_at("/daemons/test")), merge.bytes_max);
	}
	ck_assert_uint_gt(strlen(state_at("/daemons/test")), 2000);
}
END_TEST

SUITE("merge", setup, teardown)
{
	TEST(a_refused_object_removes_nothing);
}
