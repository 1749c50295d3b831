/* check_daemon_verb: the verbs that a module has of its own, and their answers. */
#include "daemon/daemon.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/daemon_internal.h"
#include "fixture_daemon_module.h"

static json_t *call_answer;
static int call_result;
static char answered[256];

static int on_call(vigil_daemon *daemon, const char *const *arguments, json_t **answer, void *arg)
{
	ck_assert_ptr_eq(arg, &call_result);
	ck_assert_ptr_null(*answer);
	snprintf(answered, sizeof(answered), "%s", arguments[0] != NULL ? arguments[0] : "none");
	*answer = call_answer;
	return call_result;
}

static void on_call_done(int error, const json_t *answer, void *arg)
{
	ck_assert_ptr_null(arg);
	snprintf(answered, sizeof(answered), "%d %s", error,
		json_is_string(answer) ? json_string_value(answer) : "-");
}

static int start_with_call(vigil_daemon *daemon)
{
	ck_assert_int_eq(vigil_on_call(daemon, "add", "A B", on_call, &call_result), 0);
	return 0;
}

static int call_add(json_t *answers, int result, json_t **answer)
{
	call_answer = answers;
	call_result = result;
	return daemon_call(
		d, "add", (const char *const[]){"1", "2", NULL}, answer, on_call_done, NULL);
}

START_TEST(a_verb_of_a_module_has_arguments_and_an_answer)
{
	const char *help;
	json_t *answer;

	in_start = start_with_call;
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_str_eq(daemon_verb_at(d, 0, &help), "add");
	ck_assert_str_eq(help, "A B");
	ck_assert_ptr_null(daemon_verb_at(d, 1, &help));
	ck_assert(!daemon_has_verb(d, "add"));
	ck_assert_int_eq(daemon_verb(d, "add", NULL, NULL), -ENOSYS);
	ck_assert_int_eq(daemon_call(d, "none", NULL, &answer, NULL, NULL), -ENOSYS);
	ck_assert_int_eq(call_add(json_integer(3), 0, &answer), 0);
	ck_assert_str_eq(answered, "1");
	ck_assert_int_eq(json_integer_value(answer), 3);
	json_decref(answer);
	ck_assert_int_eq(call_add(NULL, -ERANGE, &answer), -ERANGE);
	ck_assert_ptr_null(answer);
	ck_assert_int_eq(call_add(json_string("why"), -ERANGE, &answer), -ERANGE);
	ck_assert_str_eq(json_string_value(answer), "why");
	json_decref(answer);
	ck_assert_int_eq(call_add(NULL, VIGIL_VERB_STARTED, &answer), VIGIL_VERB_STARTED);
	ck_assert_int_eq(call_add(NULL, 0, &answer), -EALREADY);
	vigil_call_done(d, "add", 0, json_string("late"));
	ck_assert_str_eq(answered, "0 late");
	/* again after its end, and the daemon stops before the answer */
	ck_assert_int_eq(call_add(NULL, VIGIL_VERB_STARTED, &answer), VIGIL_VERB_STARTED);
	daemon_stop(d);
	ck_assert_int_eq(atoi(answered), -ECANCELED);
	ck_assert_uint_eq(logged_lines, 0);
}
END_TEST

START_TEST(an_answer_that_cannot_be_sent_is_refused)
{
	char *large = calloc(1, VIGIL_ANSWER + 1);
	json_t *answer;

	in_start = start_with_call;
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(call_add(json_string_nocheck("\xff"), 0, &answer), -EILSEQ);
	ck_assert_ptr_nonnull(strstr(json_string_value(answer), "its answer is refused: "));
	json_decref(answer);
	memset(large, 'a', VIGIL_ANSWER);
	ck_assert_int_eq(call_add(NULL, VIGIL_VERB_STARTED, &answer), VIGIL_VERB_STARTED);
	vigil_call_done(d, "add", 0, json_string(large));
	ck_assert_int_eq(atoi(answered), -E2BIG);
	ck_assert_uint_eq(log_holds("the answer to the verb \"add\" is refused"), 2);
	free(large);
}
END_TEST

START_TEST(only_names_of_their_own_are_verbs_of_a_module)
{
	static const char *const wrong[] = {"start", "stop", "restart", "", "a b", "-x",
		"a-verb-that-is-longer-than-others-are"};

	ck_assert_int_eq(daemon_start(d), 0);
	for (size_t i = 0; i < COUNT(wrong); i++)
		ck_assert_int_eq(vigil_on_call(d, wrong[i], "", on_call, NULL), -EINVAL);
	ck_assert_int_eq(vigil_on_call(d, "x", NULL, on_call, NULL), -EINVAL);
	ck_assert_int_eq(vigil_on_call(d, "x", "", NULL, NULL), -EINVAL);
	ck_assert_int_eq(vigil_on_call(d, "x", "", on_call, NULL), 0);
	ck_assert_int_eq(vigil_on_call(d, "x", "", on_call, NULL), -EEXIST);
	vigil_call_done(d, "x", 0, json_true());
	ck_assert_uint_eq(log_holds("no action of the verb \"x\" is in progress"), 1);
}
END_TEST

SUITE("daemon_verb", setup, teardown)
{
	TEST(a_verb_of_a_module_has_arguments_and_an_answer);
	TEST(an_answer_that_cannot_be_sent_is_refused);
	TEST(only_names_of_their_own_are_verbs_of_a_module);
}
