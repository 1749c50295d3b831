/* check_control_console: the door of a prompt within the host: verbs, rights, the one watch. */
#include "control/control_console.h"

#include "fixture_control.h"

static struct control_console *cc;
static json_t *changes;

static void on_change(json_t *change, void *arg)
{
	ck_assert_ptr_eq(arg, &changes);
	json_array_append(changes, change);
}

static void setup_console(void)
{
	setup();
	changes = json_array();
	cc = control_console_open(host, on_change, &changes);
}

static void teardown_console(void)
{
	control_console_close(cc);
	json_decref(changes);
	teardown();
}

/* Runs a verb that is done at once; its error code, 0 for a result, which is left in *result. */
static int run(const char *verb, json_t *params, json_t **result)
{
	struct command_reply reply = {0};

	ck_assert(control_console_run(cc, command_find(verb), params, &reply));
	ck_assert_int_eq(reply.code == 0, reply.result != NULL);
	ck_assert_int_eq(reply.code == 0, reply.message[0] == '\0');
	json_decref(params);
	json_decref(reply.data);
	if (result != NULL)
		*result = reply.result;
	else
		json_decref(reply.result);
	return reply.code;
}

START_TEST(verbs_are_done_at_once)
{
	json_t *result;

	ck_assert_int_eq(run("version", json_object(), &result), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(result, "pid")), getpid());
	json_decref(result);
	ck_assert_int_eq(state_set(host_state(host), "/daemons/a/b", json_integer(7)), 0);
	ck_assert_int_eq(run("get", json_pack("{s:s}", "pointer", "/daemons/a/b"), &result), 0);
	ck_assert_int_eq(json_integer_value(result), 7);
	json_decref(result);
	log_set_level(VIGIL_INFO);
	ck_assert_int_eq(run("log", json_pack("{s:s}", "level", "debug"), NULL), 0);
	ck_assert_int_eq(log_level(), VIGIL_DEBUG);
}
END_TEST

START_TEST(what_is_refused_elsewhere_is_refused_here)
{
	struct {
		const char *verb;
		json_t *params;
		int code;
	} wrong[] = {
		{"get", json_pack("{s:s}", "pointer", "/nothing/here"), COMMAND_NOT_FOUND},
		{"get", json_pack("{s:s}", "pointer", "no slash"), COMMAND_PARAMS},
		{"get", json_pack("{s:i}", "pointer", 5), COMMAND_PARAMS},
		{"run", json_object(), COMMAND_PARAMS},
		{"run", json_pack("{s:s}", "name", "nobody"), COMMAND_NOT_FOUND},
		{"watch", json_pack("{s:s}", "pointer", "no slash"), COMMAND_PARAMS},
		{"watch", json_pack("{s:s}", "elsewhere", "/"), COMMAND_PARAMS},
		{"help", json_object(), COMMAND_NO_METHOD},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ck_assert_int_eq(run(wrong[i].verb, wrong[i].params, NULL), wrong[i].code);
	ck_assert_int_eq(state_set(host_state(host), "/daemons/a", json_true()), 0);
	ck_assert_uint_eq(json_array_size(changes), 0);
}
END_TEST

START_TEST(its_user_has_the_rights_of_its_user_alone)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(seteuid(12345), 0);
	ck_assert_int_eq(run("version", json_object(), NULL), 0);
	ck_assert_int_eq(run("log", json_pack("{s:s}", "level", "info"), NULL), 0);
	ck_assert_int_eq(
		run("unregister", json_pack("{s:s}", "name", "web"), NULL), COMMAND_DENIED);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(
		run("unregister", json_pack("{s:s}", "name", "web"), NULL), COMMAND_REFUSED);
}
END_TEST

static void watch(const char *pointer)
{
	struct command_reply reply = {0};
	json_t *params = json_pack("{s:s}", "pointer", pointer);

	ck_assert(!control_console_run(cc, command_find("watch"), params, &reply));
	ck_assert_ptr_null(reply.result);
	ck_assert_int_eq(reply.code, 0);
	json_decref(params);
}

static const char *change_text(size_t index, const char *key)
{
	return json_string_value(json_object_get(json_array_get(changes, index), key));
}

START_TEST(a_watch_goes_on_until_it_is_stopped)
{
	struct state *state = host_state(host);
	json_t *change;

	watch("/daemons/a");
	ck_assert_int_eq(state_set(state, "/daemons/a/b", json_string("x")), 0);
	ck_assert_int_eq(state_set(state, "/daemons/other", json_true()), 0);
	ck_assert_int_eq(state_unset(state, "/daemons/a/b"), 0);
	ck_assert_uint_eq(json_array_size(changes), 2);
	ck_assert_str_eq(change_text(0, "pointer"), "/daemons/a/b");
	ck_assert_str_eq(change_text(0, "value"), "x");
	ck_assert_uint_eq(strlen(change_text(0, "time")), strlen("2026-01-31T12:34:56.789Z"));
	change = json_array_get(changes, 1);
	ck_assert(json_is_null(json_object_get(change, "value")));
	ck_assert_int_eq(json_integer_value(json_object_get(change, "revision")),
		(json_int_t)state_revision(state));
	/* other verbs meanwhile, and a second watch takes the first one's place */
	ck_assert_int_eq(run("version", json_object(), NULL), 0);
	watch("/daemons/other");
	ck_assert_int_eq(state_set(state, "/daemons/a/b", json_string("y")), 0);
	ck_assert_uint_eq(json_array_size(changes), 2);
	ck_assert_int_eq(state_set(state, "/daemons/other", json_false()), 0);
	ck_assert_uint_eq(json_array_size(changes), 3);
	control_console_stop(cc);
	control_console_stop(cc);
	ck_assert_int_eq(state_set(state, "/daemons/other", json_true()), 0);
	ck_assert_uint_eq(json_array_size(changes), 3);
	/* one that is still on ends with the door */
	watch("");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control_console");
	TCase *tcase = tcase_create("control_console");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup_console, teardown_console);
	tcase_add_test(tcase, verbs_are_done_at_once);
	tcase_add_test(tcase, what_is_refused_elsewhere_is_refused_here);
	tcase_add_test(tcase, its_user_has_the_rights_of_its_user_alone);
	tcase_add_test(tcase, a_watch_goes_on_until_it_is_stopped);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
