/* check_number: numbers as text from which the same number is read. */
#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

START_TEST(numbers_are_plain_and_short)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{0, "0"},
		{1, "1"},
		{-1.5, "-1.5"},
		{0.1, "0.1"},
		{0.30000000000000004, "0.30000000000000004"},
		{18814599168.0, "18814599168"},
		{123456789012.345, "123456789012.345"},
		{2251799813685249.5, "2251799813685249.5"},
		{1e20, "100000000000000000000"},
		{18446744073709551615.0, "18446744073709552000"},
		{1e-7, "0.0000001"},
		{-0.00025, "-0.00025"},
		{99.999999, "99.999999"},
		{NAN, "NaN"},
		{INFINITY, "+Inf"},
		{-INFINITY, "-Inf"},
	};
	char text[NUMBER_TEXT];

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_str_eq(number_format(text, rows[i].value), rows[i].text);
	ck_assert_uint_eq(strlen(number_format(text, -1e100)), 102);
}
END_TEST

static void read_back(double value)
{
	char text[NUMBER_TEXT];
	double again;

	number_format(text, value);
	ck_assert_uint_lt(strlen(text), NUMBER_TEXT - 1);
	ck_assert_ptr_null(strpbrk(text, "eE"));
	again = strtod(text, NULL);
	ck_assert_msg(memcmp(&again, &value, sizeof(value)) == 0, "%.17g is %s", value, text);
}

START_TEST(every_number_is_read_back)
{
	static const double edges[] = {0.0, -0.0, DBL_MAX, -DBL_MAX, DBL_MIN, DBL_TRUE_MIN,
		-DBL_TRUE_MIN, DBL_EPSILON, 9007199254740993.0, 1e15, 1e16, 1e17, 1e22, 1e23};
	unsigned long long bits;
	double value;

	for (size_t i = 0; i < COUNT(edges); i++)
		read_back(edges[i]);
	srand(4711);
	for (unsigned i = 0; i < 50000; i++) {
		bits = (unsigned long long)rand() << 42 ^ (unsigned long long)rand() << 21 ^
		       (unsigned long long)rand();
		memcpy(&value, &bits, sizeof(value));
		if (isfinite(value))
			read_back(value);
	}
}
END_TEST

START_TEST(reals_in_json_are_shortened)
{
	static const struct {
		const char *json, *shorter;
	} rows[] = {
		{"{\"a\":0.10000000000000001}", "{\"a\":0.1}"},
		{"[1,2.5,-3.2999999999999998,\"0.10000000000000001\"]",
			"[1,2.5,-3.3,\"0.10000000000000001\"]"},
		{"9223372036854775807", "9223372036854775807"},
		{"0.30000000000000004", "0.30000000000000004"},
		{"18814599168.0", "18814599168.0"},
		{"1.4999999999999999e-7", "1.5e-07"},
		{"1e20", "1e20"},
		{"{\"a\\\"0.10000000000000001\":true}", "{\"a\\\"0.10000000000000001\":true}"},
		{"[null,false]", "[null,false]"},
		{"\"open 0.10000000000000001", "\"open 0.10000000000000001"},
		{"\"open\\", "\"open\\"},
		{"", ""},
	};
	char text[128];

	for (size_t i = 0; i < COUNT(rows); i++) {
		strcpy(text, rows[i].json);
		number_shorten_json(text);
		ck_assert_str_eq(text, rows[i].shorter);
	}
}
END_TEST

SUITE("number", NULL, NULL)
{
	TEST(numbers_are_plain_and_short);
	TEST(every_number_is_read_back);
	TEST(reals_in_json_are_shortened);
}
