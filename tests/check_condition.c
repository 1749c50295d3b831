/*
 * check_condition: the conditions of restart_when: what they may look like, and how a number is
 * compared.
 */
#include "modules/service/condition.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "suite.h"

/* --- parsing ---------------------------------------------------------------------------------- */

#define POINTER "/daemons/q/depth "

static const struct {
	const char *text, *pointer;
	enum condition_comparison comparison;
	enum condition_unit unit;
	double limit, seconds;
} valid[] = {
	{"/daemons/queue/perfdata/depth > 1000 for 3m", "/daemons/queue/perfdata/depth",
		CONDITION_ABOVE, CONDITION_NO_UNIT, 1000, 180},
	{POINTER ">1000", "/daemons/q/depth", CONDITION_ABOVE, CONDITION_NO_UNIT, 1000, 0},
	{"  /daemons/q/depth\t>=  -1.5e3  for  1h30m ", "/daemons/q/depth", CONDITION_AT_LEAST,
		CONDITION_NO_UNIT, -1500, 5400},
	{POINTER "< 80% for 90s", "/daemons/q/depth", CONDITION_BELOW, CONDITION_PERCENT, 80, 90},
	{POINTER "<= 250ms", "/daemons/q/depth", CONDITION_AT_MOST, CONDITION_SECONDS, 0.25, 0},
	{POINTER "== 5m", "/daemons/q/depth", CONDITION_EQUAL, CONDITION_SECONDS, 300, 0},
	{POINTER "!= 64MiB for 0", "/daemons/q/depth", CONDITION_UNEQUAL, CONDITION_BYTES,
		64 * 1048576, 0},
	{POINTER "== true", "/daemons/q/depth", CONDITION_EQUAL, CONDITION_NO_UNIT, 1, 0},
	{POINTER "!= false", "/daemons/q/depth", CONDITION_UNEQUAL, CONDITION_NO_UNIT, 0, 0},
	{POINTER "0:1000 for 3m", "/daemons/q/depth", CONDITION_RANGE, CONDITION_NO_UNIT, 0, 180},
	{POINTER "@10:20", "/daemons/q/depth", CONDITION_RANGE, CONDITION_NO_UNIT, 0, 0},
	{POINTER "~:10", "/daemons/q/depth", CONDITION_RANGE, CONDITION_NO_UNIT, 0, 0},
	{POINTER "> 1 for 366d", "/daemons/q/depth", CONDITION_ABOVE, CONDITION_NO_UNIT, 1,
		366 * 86400.0},
	/* the steps of a pointer, escaped; blanks, commas and % are percent codes */
	{"/daemons/q/perfdata/~1var~0 > 1", "/daemons/q/perfdata/~1var~0", CONDITION_ABOVE,
		CONDITION_NO_UNIT, 1, 0},
	{"/daemons/q/perfdata/a%20b%2Cc%2c%25 > 1", "/daemons/q/perfdata/a b,c,%", CONDITION_ABOVE,
		CONDITION_NO_UNIT, 1, 0},
	{"/daemons/web/service_state/usage/memory_bytes > 1GiB",
		"/daemons/web/service_state/usage/memory_bytes", CONDITION_ABOVE, CONDITION_BYTES,
		1073741824, 0},
};

START_TEST(a_valid_condition_is_parsed)
{
	struct condition c;
	char why[CONDITION_WHY] = "";
	int err = condition_parse(&c, valid[_i].text, why);

	ck_assert_msg(err == 0, "%s: %s", valid[_i].text, why);
	ck_assert_str_eq(c.pointer, valid[_i].pointer);
	ck_assert_int_eq(c.comparison, valid[_i].comparison);
	ck_assert_int_eq(c.unit, valid[_i].unit);
	ck_assert_double_eq(c.limit, valid[_i].limit);
	ck_assert_double_eq(c.seconds, valid[_i].seconds);
	ck_assert(strncmp(c.pointer + strlen("/daemons/"), c.daemon, strlen(c.daemon)) == 0);
}
END_TEST

static const struct {
	const char *text, *words;
} invalid[] = {
	{"", "such as /daemons/queue/perfdata/depth"},
	{"depth > 1", "does not begin with the address of a number"},
	{"/daemons/q > 1", "does not begin with the address of a number"},
	{"/daemons/q/ > 1", "does not begin with the address of a number"},
	{"/daemons//x > 1", "does not begin with the address of a number"},
	{"/elsewhere/q/x > 1", "does not begin with the address of a number"},
	{"/runs/q/errors > 1", "let a daemon of the module average sample it"},
	{"/vigil/loop/lag_seconds/max > 1", "/daemons/AVERAGE/values/LABEL/last"},
	{"/daemons/q/a~2 > 1", "~0 is ~, ~1 is /"},
	{"/daemons/q/a~ > 1", "~0 is ~, ~1 is /"},
	{"/daemons/q/a%2 > 1", "two hexadecimal digits"},
	{"/daemons/q/used% > 1", "two hexadecimal digits"},
	{"/daemons/q/a%07 > 1", "control character or invalid UTF-8"},
	{"/daemons/q/\xff > 1", "control character or invalid UTF-8"},
	{"/daemons/q/depth", "has no comparison such as > 1000"},
	{"/daemons/q/a", "a comma in an address is written as %2C"},
	{"/daemons/q/depth>1000 for 3m", "has no blank before its comparison \">1000\""},
	{POINTER "for 3m", "has no comparison such as > 1000"},
	{POINTER "1000 for 3m", "write > 1000, or the range 0:1000"},
	{POINTER "of queue > 1", "a blank in an address is written as %20"},
	{POINTER "above 1", "in place of a comparison"},
	{POINTER "=> 1", "the comparisons are > >= < <= == !="},
	{POINTER "= 1", "did you mean \"==\"?"},
	{POINTER "<> 1", "the comparisons are > >= < <= == !="},
	{POINTER ">>1", "the comparisons are > >= < <= == !="},
	{POINTER ">", "has no limit after the \">\""},
	{POINTER "> for 3m", "has the limit \"for\", which is not a number"},
	{POINTER "> 0x10", "which is not a number such as 1000, 80%, 5s or 64MiB"},
	{POINTER "> nan", "which is not a number"},
	{POINTER "> inf", "which is not a number"},
	{POINTER "> 1e999", "which is not a number"},
	{POINTER "> 10 KiB", "only a duration may follow: for 3m"},
	{POINTER "== CRITICAL", "which is not a number"},
	{POINTER "20:10", "which is not a range such as 0:1000, 5: or @10:20"},
	{POINTER "1:x", "which is not a range"},
	{POINTER "> 1 3m", "has \"3m\" after the limit; only a duration may follow: for 3m"},
	{POINTER "> 1 for", "has no duration after \"for\""},
	{POINTER "> 1 for ever", "which is not a duration such as 30s, 3m or 1h"},
	{POINTER "> 1 for -1s", "which is not a duration"},
	{POINTER "> 1 for 367d", "which is not a duration"},
	{POINTER "> 1 for 3m " POINTER "> 2", "separate conditions with commas"},
};

START_TEST(an_invalid_condition_is_refused_with_the_way_out)
{
	struct condition c;
	char why[CONDITION_WHY] = "";

	ck_assert_int_eq(condition_parse(&c, invalid[_i].text, why), -EINVAL);
	ck_assert_msg(strstr(why, invalid[_i].words) != NULL, "%s: %s", invalid[_i].text, why);
	ck_assert_uint_lt(strlen(why), CONDITION_WHY - 1);
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
	char text[2 * CONDITION_POINTER], why[CONDITION_WHY];
	struct condition c;

	memset(text, 'x', sizeof(text));
	memcpy(text, "/daemons/q/", strlen("/daemons/q/"));
	strcpy(text + CONDITION_POINTER, " > 1");
	ck_assert_int_eq(condition_parse(&c, text, why), -EINVAL);
	ck_assert_msg(strstr(why, "more than 255 bytes") != NULL, "%s", why);
	strcpy(text + CONDITION_POINTER - 1, " > 1");
	ck_assert_int_eq(condition_parse(&c, text, why), 0);
	snprintf(text, sizeof(text), POINTER "> %0100d", 1);
	ck_assert_int_eq(condition_parse(&c, text, why), -EINVAL);
	ck_assert_msg(strstr(why, "a limit of more than 63") != NULL, "%s", why);
	snprintf(text, sizeof(text), POINTER ">%0100d", 1);
	ck_assert_int_eq(condition_parse(&c, text, why), -EINVAL);
	ck_assert_msg(strstr(why, "a limit of more than 63") != NULL, "%s", why);
}
END_TEST

/* --- comparing -------------------------------------------------------------------------------- */

#define U CONDITION_UNKNOWN
#define F CONDITION_FALSE
#define T CONDITION_TRUE

static const struct {
	const char *test, *value; /* value: JSON; NULL: there is none */
	enum condition_result result;
	const char *why;
} compared[] = {
	{"> 1000", "1000", F, ""},
	{"> 1000", "1000.0000001", T, ""},
	{">= 1000", "1000", T, ""},
	{">= 1000", "999.99", F, ""},
	{"< 0", "-0.0", F, ""},
	{"< 0", "-1e-300", T, ""},
	{"<= 5", "5", T, ""},
	{"<= 5", "6", F, ""},
	{"== 0.1", "0.1", T, ""},
	{"== 2", "2.5", F, ""},
	{"!= 0", "0", F, ""},
	{"!= 0", "-1", T, ""},
	{"> 1000", "1e308", T, ""},
	{"> 1e308", "1e308", F, ""},
	{"> 9e18", "9223372036854775807", T, ""},
	{"< -9e18", "-9223372036854775808", T, ""},
	/* as Nagios: outside, or inside after an @ */
	{"0:1000", "1000", F, ""},
	{"0:1000", "1001", T, ""},
	{"0:1000", "-1", T, ""},
	{"@10:20", "10", T, ""},
	{"@10:20", "9.9", F, ""},
	{"5:", "4", T, ""},
	{"~:5", "-7", F, ""},
	/* what has a number */
	{"> 1", "{\"value\": 2, \"unit\": \"\"}", T, ""},
	{"> 1", "{\"value\": 2, \"warn\": 5}", T, ""},
	{"== true", "true", T, ""},
	{"== true", "false", F, ""},
	{"> 0", "true", T, ""},
	/* what has none */
	{"> 1", NULL, U, "there is no value"},
	{"> 1", "{}", U, "there is no value"},
	{"> 1", "{\"last\": 2}", U, "there is no value"},
	{"> 1", "{\"value\": null}", U, "the value is not a number"},
	{"> 1", "null", U, "the value is not a number"},
	{"> 1", "\"2\"", U, "the value is not a number"},
	{"> 1", "[2]", U, "the value is not a number"},
	{"!= 1", "\"NaN\"", U, "the value is not a number"},
	{"!= 1", "{\"value\": {\"value\": 2}}", U, "the value is not a number"},
	/* the unit of the limit is that of the number, unless it is written */
	{"> 5", "{\"value\": 6, \"unit\": \"GB\"}", T, ""},
	{"> 5s", "6", T, ""},
	{"> 5s", "{\"value\": 5001, \"unit\": \"ms\"}", T, ""},
	{"> 5s", "{\"value\": 4999, \"unit\": \"ms\"}", F, ""},
	{"> 5ms", "{\"value\": 5001, \"unit\": \"us\"}", T, ""},
	{"> 64MiB", "{\"value\": 65, \"unit\": \"MB\"}", T, ""},
	{"> 64MiB", "{\"value\": 64, \"unit\": \"MiB\"}", F, ""},
	{"> 64MiB", "{\"value\": 67108865, \"unit\": \"B\"}", T, ""},
	{"> 80%", "{\"value\": 81, \"unit\": \"%\"}", T, ""},
	{"> 80%", "{\"value\": 81, \"unit\": \"\"}", T, ""},
	{"> 80%", "{\"value\": 81, \"unit\": \"MB\"}", U,
		"the unit of the number is not that of the limit"},
	{"> 5s", "{\"value\": 6, \"unit\": \"c\"}", U,
		"the unit of the number is not that of the limit"},
	{"> 5s", "{\"value\": 6, \"unit\": \"%\"}", U,
		"the unit of the number is not that of the limit"},
	{"> 1TiB", "{\"value\": 1e308, \"unit\": \"TB\"}", U,
		"the unit of the number is not that of the limit"},
};

static void parse(struct condition *c, const char *test)
{
	char text[128], why[CONDITION_WHY] = "";

	snprintf(text, sizeof(text), POINTER "%s", test);
	ck_assert_msg(condition_parse(c, text, why) == 0, "%s: %s", text, why);
}

START_TEST(a_number_is_compared_and_all_else_is_unknown)
{
	const char *json = compared[_i].value, *why = "";
	json_t *value = json != NULL ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
	struct condition c;
	double number;

	ck_assert(json == NULL || value != NULL);
	parse(&c, compared[_i].test);
	ck_assert_msg(condition_compare(&c, value, false, &number, &why) == compared[_i].result,
		"%s %s", json, compared[_i].test);
	ck_assert_str_eq(why, compared[_i].why);
	ck_assert_int_eq(isfinite(number) != 0, compared[_i].result != U);
	/* A stale number is unknown, whatever it is. */
	ck_assert_int_eq(condition_compare(&c, value, true, &number, &why), U);
	ck_assert(isnan(number));
	ck_assert(json == NULL || strcmp(why, "the number is stale") == 0);
	json_decref(value);
}
END_TEST

/* --- words ------------------------------------------------------------------------------------ */

static const struct {
	const char *test;
	double number, held;
	const char *words;
} described[] = {
	{"> 1000 for 3m", 1204, 40.9, "is 1204, over 1000 for 40 s of 3 min"},
	{"> 1000 for 3m", 1204, 0, "is 1204, over 1000 for 0 s of 3 min"},
	{"> 1000 for 3m", 1204, 180, "is 1204, over 1000 for 3 min"},
	{"> 1000 for 3m", 1204.5, 8000, "is 1204.5, over 1000 for 2 h"},
	{"> 1000 for 3m", 1204, -1, "is 1204, over 1000"},
	{"> 1000", 1204, 99, "is 1204, over 1000"},
	{">= 1 for 500ms", 1, 0.25, "is 1, at least 1 for 0.2 s of 0.5 s"},
	{"< 80%", 79.5, 0, "is 79.5 %, below 80%"},
	{"<= 250ms", 0.2, 0, "is 0.2 s, at most 250ms"},
	{"> 64MiB", 96 * 1048576.0, 0, "is 96 MiB, over 64MiB"},
	{"== true", 1, 0, "is 1, equal to true"},
	{"!= 0", 1e300, 0, "is 1e+300, not equal to 0"},
	{"0:1000", -1, 0, "is -1, outside 0:1000"},
	{"@10:20", 15, 0, "is 15, within 10:20"},
};

START_TEST(the_words_say_what_the_number_is_and_for_how_long)
{
	char text[CONDITION_TEXT], all[CONDITION_TEXT];
	struct condition c;

	parse(&c, described[_i].test);
	snprintf(all, sizeof(all), POINTER "%s", described[_i].words);
	ck_assert_str_eq(
		condition_describe(&c, described[_i].number, described[_i].held, text), all);
}
END_TEST

SUITE("condition", NULL, NULL)
{
	LOOP_TEST(a_valid_condition_is_parsed, COUNT(valid));
	LOOP_TEST(an_invalid_condition_is_refused_with_the_way_out, COUNT(invalid));
	TEST(what_is_too_long_is_refused);
	LOOP_TEST(a_number_is_compared_and_all_else_is_unknown, COUNT(compared));
	LOOP_TEST(the_words_say_what_the_number_is_and_for_how_long, COUNT(described));
}
