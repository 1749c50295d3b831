/* check_result: a daemon's account as a passive check result. */
#include "modules/icinga/result.h"

#include <check.h>
#include <stdlib.h>

static const struct result_names names = {"web1", "vigil {daemon}!", 180};

static unsigned left_out;

static json_t *make(json_t *account, json_t *data)
{
	json_t *result = result_make(&names, "a.b", account, data, 1795000000.25, &left_out);

	json_decref(account);
	json_decref(data);
	return result;
}

static json_t *health(const char *level, const char *text)
{
	return json_pack("{s:s,s:b,s:{s:s,s:s}}", "status", "running", "paused", 0, "health",
		"level", level, "text", text);
}

static void says(json_t *result, int code, const char *text)
{
	ck_assert_ptr_nonnull(result);
	ck_assert_int_eq(json_integer_value(json_object_get(result, "exit_status")), code);
	ck_assert_str_eq(json_string_value(json_object_get(result, "plugin_output")), text);
	json_decref(result);
}

START_TEST(health_is_the_exit_status)
{
	static const char *const levels[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN", "odd"};
	json_t *account;

	says(make(health(levels[0], "fine"), NULL), 0, "OK - fine");
	says(make(health(levels[1], "so so"), NULL), 1, "WARNING - so so");
	says(make(health(levels[2], "bad"), NULL), 2, "CRITICAL - bad");
	says(make(health(levels[3], "?"), NULL), 3, "UNKNOWN - ?");
	says(make(health(levels[4], "?"), NULL), 3, "odd - ?");
	/* vigild itself says in the health that a daemon is paused or has failed. */
	account = health("OK", "web is paused: new disks; at present CRITICAL: bad");
	json_object_set_new(account, "paused", json_true());
	says(make(account, NULL), 0, "OK - web is paused: new disks; at present CRITICAL: bad");
	ck_assert_ptr_null(make(json_pack("{s:s,s:n}", "status", "running", "health"), NULL));
}
END_TEST

START_TEST(names_and_times_are_told)
{
	json_t *result = make(health("OK", "fine"), NULL);

	ck_assert_str_eq(json_string_value(json_object_get(result, "type")), "Service");
	ck_assert_str_eq(json_string_value(json_object_get(result, "service")), "web1!vigil a.b!");
	ck_assert_str_eq(json_string_value(json_object_get(result, "check_source")), "web1");
	ck_assert_double_eq(
		json_number_value(json_object_get(result, "execution_end")), 1795000000.25);
	ck_assert_double_eq(json_number_value(json_object_get(result, "ttl")), 180);
	ck_assert_uint_eq(json_array_size(json_object_get(result, "performance_data")), 0);
	json_decref(result);
}
END_TEST

START_TEST(performance_data_is_as_plugins_write_it)
{
	json_t *data =
		json_pack("{s:{s:{s:f,s:s,s:s,s:i,s:i,s:i},s:{s:i,s:s},s:{s:n},s:{s:i},s:{s:i},"
			  "s:{s:I,s:s},s:{s:s}}}",
			"perfdata", "/ var", "value", 88.5, "unit", "%", "warn", "~:80", "crit", 90,
			"min", 0, "max", 100, "n", "value", 3, "unit", "", "unknown", "value",
			"it's", "value", 1, "a|b", "value", 1, "/", "value",
			(json_int_t)18814599168, "unit", "B", "odd", "value", "1");
	json_t *result = make(health("OK", "fine"), data);
	json_t *list = json_object_get(result, "performance_data");

	ck_assert_uint_eq(json_array_size(list), 4);
	ck_assert_str_eq(json_string_value(json_array_get(list, 0)), "'/ var'=88.5%;~:80;90;0;100");
	ck_assert_str_eq(json_string_value(json_array_get(list, 1)), "'n'=3");
	ck_assert_str_eq(json_string_value(json_array_get(list, 2)), "'it''s'=1");
	ck_assert_str_eq(json_string_value(json_array_get(list, 3)), "'/'=18814599168B");
	/* A label with a bar and a text as value; null is no value. */
	ck_assert_uint_eq(left_out, 2);
	json_decref(result);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("result");
	TCase *tcase = tcase_create("result");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, health_is_the_exit_status);
	tcase_add_test(tcase, names_and_times_are_told);
	tcase_add_test(tcase, performance_data_is_as_plugins_write_it);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
