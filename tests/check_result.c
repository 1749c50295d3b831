/* check_result: the health of a daemon as a passive check result. */
#include "modules/icinga/result.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

static const struct result_names names = {"web1", "vigil {daemon}!", 180};

static struct result_left_out left_out;

static json_t *make(json_t *health, json_t *data)
{
	json_t *result = result_make(&names, "a.b", health, data, 1795000000.25, &left_out);

	json_decref(health);
	json_decref(data);
	return result;
}

static json_t *health(const char *level, const char *text)
{
	return json_pack("{s:s,s:s}", "level", level, "text", text);
}

static const char *output_of(const json_t *result)
{
	return json_string_value(json_object_get(result, "plugin_output"));
}

static void says(json_t *result, int code, const char *text)
{
	ck_assert_ptr_nonnull(result);
	ck_assert_int_eq(json_integer_value(json_object_get(result, "exit_status")), code);
	ck_assert_str_eq(output_of(result), text);
	json_decref(result);
}

START_TEST(health_is_the_exit_status)
{
	static const char *const levels[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN", "odd"};

	says(make(health(levels[0], "fine"), NULL), 0, "OK - fine");
	says(make(health(levels[1], "so so"), NULL), 1, "WARNING - so so");
	says(make(health(levels[2], "bad"), NULL), 2, "CRITICAL - bad");
	says(make(health(levels[3], "?"), NULL), 3, "UNKNOWN - ?");
	/* An unknown level is never OK. */
	says(make(health(levels[4], "?"), NULL), 3, "UNKNOWN - ?");
	says(make(health("OK", "web is paused: new disks; at present CRITICAL: bad"), NULL), 0,
		"OK - web is paused: new disks; at present CRITICAL: bad");
	ck_assert_ptr_null(make(json_null(), NULL));
	ck_assert_ptr_null(make(NULL, NULL));
}
END_TEST

START_TEST(the_level_is_not_repeated)
{
	says(make(health("CRITICAL", "DISK CRITICAL - free space: / 0 MB"), NULL), 2,
		"DISK CRITICAL - free space: / 0 MB");
	says(make(health("CRITICAL", "CRITICAL: bad"), NULL), 2, "CRITICAL: bad");
	says(make(health("OK", "OK"), NULL), 0, "OK");
	says(make(health("WARNING", "HTTP WARNING: HTTP/1.1 404 - 12 bytes"), NULL), 1,
		"HTTP WARNING: HTTP/1.1 404 - 12 bytes");
	/* Only the level itself counts, as a whole word before the first colon or dash. */
	says(make(health("OK", "TOKEN of LOOKUP and 1OK"), NULL), 0,
		"OK - TOKEN of LOOKUP and 1OK");
	says(make(health("OK", "web is up: it was not OK"), NULL), 0,
		"OK - web is up: it was not OK");
	says(make(health("CRITICAL", "it was OK"), NULL), 2, "CRITICAL - it was OK");
}
END_TEST

START_TEST(a_line_of_a_plugin_is_sent_unchanged)
{
	json_t *own =
		json_pack("{s:s,s:{}}", "output", "Log check data initialized...", "perfdata");

	says(make(health("OK", "Log check data initialized..."), json_incref(own)), 0,
		"Log check data initialized...");
	/* The output of a program with the format "text" is not a status line. */
	says(make(health("OK", "all is fine"), json_pack("{s:s}", "output", "all is fine")), 0,
		"OK - all is fine");
	says(make(health("UNKNOWN", "the program timed out after 3 s"), own), 3,
		"UNKNOWN - the program timed out after 3 s");
}
END_TEST

START_TEST(long_text_follows_the_status_line)
{
	json_t *long_health = health("CRITICAL", "DISK CRITICAL - /srv is full");
	char *text = malloc(8193);

	json_object_set_new(long_health, "long_text", json_string("/ 12%\n/srv 100% | a bar"));
	says(make(long_health, NULL), 2, "DISK CRITICAL - /srv is full\n/ 12%\n/srv 100% | a bar");
	/* the last death of a service, whose output was escaped by the module service */
	long_health = health("CRITICAL", "web is failed");
	json_object_set_new(long_health, "long_text",
		json_string("last death at T: killed by SIGSEGV\nits last output:\n  "
			    "\\x1B[2J'a'=1;|b"));
	says(make(long_health, NULL), 2,
		"CRITICAL - web is failed\nlast death at T: killed by SIGSEGV\nits last output:\n  "
		"\\x1B[2J'a'=1;|b");
	memset(text, 'x', 8192);
	text[8192] = '\0';
	memcpy(text, "OK ", 3);
	says(make(health("OK", text), NULL), 0, text);
	free(text);
}
END_TEST

START_TEST(stale_numbers_are_not_sent)
{
	json_t *data = json_pack("{s:{s:{s:i}},s:b}", "perfdata", "a", "value", 1, "stale", 1);
	json_t *result = make(health("UNKNOWN", "it is silent"), data);

	ck_assert_uint_eq(json_array_size(json_object_get(result, "performance_data")), 0);
	ck_assert_uint_eq(left_out.unfit + left_out.over, 0);
	json_decref(result);
}
END_TEST

static json_t *many_values(int count, const char *pad)
{
	json_t *all = json_object();
	char label[512];

	for (int i = 0; i < count; i++) {
		snprintf(label, sizeof(label), "%s%05d", pad, i);
		json_object_set_new(all, label, json_pack("{s:i}", "value", i));
	}
	return json_pack("{s:o}", "perfdata", all);
}

START_TEST(thousands_of_values_are_sent)
{
	json_t *result = make(health("OK", "fine"), many_values(5000, ""));
	json_t *list = json_object_get(result, "performance_data");

	ck_assert_uint_eq(json_array_size(list), 5000);
	ck_assert_str_eq(json_string_value(json_array_get(list, 4999)), "'04999'=4999");
	ck_assert_uint_eq(left_out.unfit + left_out.over, 0);
	says(result, 0, "OK - fine");
}
END_TEST

/* The master refuses a request of more than 1 MiB, in whichever way its characters are escaped in
 * JSON. */
START_TEST(values_over_the_limit_are_left_out_and_counted)
{
	char pad[401], expected[128];
	json_t *result, *list;
	char *body;

	memset(pad, '"', 400);
	pad[400] = '\0';
	result = make(health("OK", "fine"), many_values(4000, pad));
	list = json_object_get(result, "performance_data");
	ck_assert_uint_gt(left_out.over, 0);
	ck_assert_uint_eq(left_out.unfit, 0);
	ck_assert_uint_eq(json_array_size(list) + left_out.over, 4000);
	for (size_t i = 0; i < json_array_size(list); i++)
		ck_assert_uint_ge(strlen(json_string_value(json_array_get(list, i))), 409);
	body = json_dumps(result, JSON_COMPACT);
	ck_assert_uint_lt(strlen(body), 1024 * 1024);
	ck_assert_uint_gt(strlen(body), 600 * 1024);
	free(body);
	snprintf(expected, sizeof(expected),
		"OK - fine\n%u performance values were left out: they exceed 640 KiB",
		left_out.over);
	says(result, 0, expected);
}
END_TEST

START_TEST(names_and_times_are_sent)
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

START_TEST(performance_data_is_formatted_as_plugins_do)
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
	/* A label with a bar and a value that is a string are refused; null is not a value. */
	ck_assert_uint_eq(left_out.unfit, 2);
	ck_assert_uint_eq(left_out.over, 0);
	json_decref(result);
}
END_TEST

SUITE("result", NULL, NULL)
{
	TEST(health_is_the_exit_status);
	TEST(the_level_is_not_repeated);
	TEST(a_line_of_a_plugin_is_sent_unchanged);
	TEST(long_text_follows_the_status_line);
	TEST(stale_numbers_are_not_sent);
	TEST(thousands_of_values_are_sent);
	TEST(values_over_the_limit_are_left_out_and_counted);
	TEST(names_and_times_are_sent);
	TEST(performance_data_is_formatted_as_plugins_do);
}
