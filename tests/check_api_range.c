/* check_api_range: thresholds in the format of the Monitoring Plugins guidelines. */
#include <errno.h>
#include <stdlib.h>

#include <vigil/vigil.h>

#include "suite.h"

static bool alerts(const char *text, double value)
{
	vigil_range range;

	ck_assert_msg(vigil_range_read(text, &range) == 0, "%s", text);
	return vigil_range_alerts(&range, value);
}

START_TEST(the_examples_of_the_guidelines_are_parsed)
{
	static const struct {
		const char *range;
		double good, bad, bad_too;
	} rows[] = {
		{"10", 10, 10.01, -0.01},
		{"10:", 10, 9.99, -1e300},
		{"~:10", -1e300, 10.01, 1e300},
		{"10:20", 20, 9.9, 20.1},
		{"@10:20", 9.9, 10, 20},
		{"0", 0, 1, -1},
		{"-5:5", -5, -5.1, 5.1},
		{"@10", 10.1, 0, 10},
		{"1.5e1:.2e2", 15, 14.9, 20.1},
		{"@~:0", 0.1, 0, -1e300},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert_msg(!alerts(rows[i].range, rows[i].good), "%s", rows[i].range);
		ck_assert_msg(alerts(rows[i].range, rows[i].bad), "%s", rows[i].range);
		ck_assert_msg(alerts(rows[i].range, rows[i].bad_too), "%s", rows[i].range);
	}
	ck_assert(!alerts("~:", 1e308));
	ck_assert(!alerts(":10", 5));
	ck_assert(alerts(":10", -1));
}
END_TEST

START_TEST(an_invalid_range_is_refused)
{
	static const char *const wrong[] = {"", "@", "x", "10:x", "x:10", "20:10", "1:2:3", "0x10",
		"nan", "inf", "1e999", " 10", "10 ", "~", "~10", "10:~", "--5", "1,5"};
	vigil_range range;

	for (size_t i = 0; i < COUNT(wrong); i++)
		ck_assert_msg(vigil_range_read(wrong[i], &range) == -EINVAL, "\"%s\"", wrong[i]);
}
END_TEST

START_TEST(a_rate_has_a_count_and_a_time)
{
	static const struct {
		const char *text;
		int err;
		unsigned count;
		double seconds;
	} rows[] = {{"3/10m", 0, 3, 600}, {"20/10s", 0, 20, 10}, {"0", 0, 0, 0},
		{"3", -EINVAL, 3, 0}, {"often", -EINVAL, 0, 0}, {"-1/10s", -EINVAL, 0, 0},
		{"1/0s", -EINVAL, 1, 0}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned count;
		double seconds;

		ck_assert_msg(vigil_rate_read(rows[i].text, &count, &seconds) == rows[i].err, "%s",
			rows[i].text);
		if (rows[i].err == 0)
			ck_assert(count == rows[i].count && seconds == rows[i].seconds);
	}
}
END_TEST

START_TEST(durations_and_sizes_have_the_form_of_options)
{
	double seconds;
	int64_t bytes;

	ck_assert_int_eq(vigil_duration_read("1h30m", &seconds), 0);
	ck_assert_double_eq(seconds, 5400);
	ck_assert_int_eq(vigil_duration_read("5x", &seconds), -EINVAL);
	ck_assert_int_eq(vigil_size_read("64KiB", &bytes), 0);
	ck_assert_int_eq(bytes, 65536);
	ck_assert_int_eq(vigil_size_read("64 KiB", &bytes), -EINVAL);
	ck_assert_int_eq(vigil_size_read("99999999999TiB", &bytes), -ERANGE);
}
END_TEST

SUITE("api_range", NULL, NULL)
{
	TEST(the_examples_of_the_guidelines_are_parsed);
	TEST(an_invalid_range_is_refused);
	TEST(a_rate_has_a_count_and_a_time);
	TEST(durations_and_sizes_have_the_form_of_options);
}
