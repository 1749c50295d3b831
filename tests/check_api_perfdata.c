/* check_api_perfdata: performance data as the Monitoring Plugins guidelines have it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

static char text[512];

/* What becomes of an entry, given as JSON. */
static const char *put(const char *label, const char *json)
{
	json_t *entry = json_loads(json, 0, NULL);
	size_t n;

	ck_assert_ptr_nonnull(entry);
	memset(text, 'x', sizeof(text));
	n = vigil_perfdata(text, sizeof(text), label, entry);
	ck_assert_uint_eq(n, strlen(text));
	json_decref(entry);
	return text;
}

START_TEST(items_as_plugins_print_them)
{
	ck_assert_str_eq(put("a", "{\"value\": 1}"), "'a'=1");
	ck_assert_str_eq(put("rta", "{\"value\": 0.25, \"unit\": \"ms\"}"), "'rta'=0.25ms");
	ck_assert_str_eq(put("/var", "{\"value\": 5, \"unit\": \"MB\", \"warn\": \"10:20\","
				     " \"crit\": 30, \"min\": 0, \"max\": 40.5}"),
		"'/var'=5MB;10:20;30;0;40.5");
	ck_assert_str_eq(put("a", "{\"value\": 1, \"max\": 9}"), "'a'=1;;;;9");
	ck_assert_str_eq(put("a", "{\"value\": 1, \"warn\": \"~:3\"}"), "'a'=1;~:3");
	ck_assert_str_eq(put("two words", "{\"value\": -1e100}"), "'two words'=-1e+100");
}
END_TEST

START_TEST(what_would_spoil_the_line_is_left_out)
{
	static const char *const labels[] = {"a'b", "a=b", "a|b", "a\nb"};
	char longest[202];

	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		ck_assert_str_eq(put(labels[i], "{\"value\": 1}"), "");
	memset(longest, 'l', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_str_eq(put(longest, "{\"value\": 1}"), "");
	ck_assert_uint_gt(strlen(put(longest + 1, "{\"value\": 1}")), 200);
	ck_assert_str_eq(put("a", "{\"value\": \"1\"}"), "");
	ck_assert_str_eq(put("a", "{}"), "");
	ck_assert_str_eq(put("a", "[]"), "");
	ck_assert_str_eq(put("a", "{\"value\": 1, \"unit\": \"s 'b'=2\"}"), "'a'=1");
	ck_assert_str_eq(put("a", "{\"value\": 1, \"warn\": \"1;2\", \"crit\": 3}"), "'a'=1;;3");
	ck_assert_str_eq(put("a", "{\"value\": 1, \"warn\": [1]}"), "'a'=1");
}
END_TEST

START_TEST(what_has_no_room_is_nothing)
{
	json_t *entry = json_pack("{s:i}", "value", 123);
	char small[8];

	ck_assert_uint_eq(vigil_perfdata(small, 8, "a", entry), 7);
	ck_assert_str_eq(small, "'a'=123");
	ck_assert_uint_eq(vigil_perfdata(small, 7, "a", entry), 0);
	ck_assert_str_eq(small, "");
	ck_assert_uint_eq(vigil_perfdata(small, 0, "a", entry), 0);
	json_decref(entry);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api_perfdata");
	TCase *tests = tcase_create("api_perfdata");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, items_as_plugins_print_them);
	tcase_add_test(tests, what_would_spoil_the_line_is_left_out);
	tcase_add_test(tests, what_has_no_room_is_nothing);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
