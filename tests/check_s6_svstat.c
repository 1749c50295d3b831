/* check_s6_svstat: the output of s6-svstat. */
#include "service/managers/s6_svstat.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

START_TEST(each_form_of_the_output_is_parsed)
{
	static const struct {
		const char *text;
		struct supervise_status status;
	} rows[] = {
		{"4711 true true false -1 -1\n",
			{.state = SUPERVISE_UP, .pid = 4711, .want_up = true, .wait_status = -1}},
		{"4711 true false true 0 -1\n", {.state = SUPERVISE_UP,
							.pid = 4711,
							.want_up = true,
							.paused = true,
							.unready = true,
							.wait_status = 0}},
		{"-1 false false false 255 -1\n", {.wait_status = 255 << 8}},
		{"-1 true false false -1 9", {.want_up = true, .wait_status = 9}},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct supervise_status status = {.wait_status = -1};

		ck_assert(s6_svstat_parse(rows[i].text, &status));
		ck_assert_int_eq(status.state, rows[i].status.state);
		ck_assert_int_eq(status.pid, rows[i].status.pid);
		ck_assert(status.want_up == rows[i].status.want_up);
		ck_assert(status.paused == rows[i].status.paused);
		ck_assert(status.unready == rows[i].status.unready);
		ck_assert_int_eq(status.wait_status, rows[i].status.wait_status);
	}
}
END_TEST

START_TEST(other_texts_and_numbers_out_of_range_are_refused)
{
	static const char *const texts[] = {"", "s6-svstat: fatal: unable to read status",
		"4711 true true false -1\n", "4711 true true false 256 -1\n",
		"4711 true true false 2147483647 -1\n", "-2 true true false -1 -1\n",
		"4294967297 true true false -1 -1\n", "-1 true true false -1 127\n",
		"-1 true true false -1 4294967305\n", "-1 true true false -2 0\n"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct supervise_status status = {.wait_status = -1};

		ck_assert_msg(!s6_svstat_parse(texts[i], &status), "%s", texts[i]);
		ck_assert_int_eq(status.pid, 0);
		ck_assert_int_eq(status.wait_status, -1);
	}
}
END_TEST

SUITE("s6_svstat", NULL, NULL)
{
	TEST(each_form_of_the_output_is_parsed);
	TEST(other_texts_and_numbers_out_of_range_are_refused);
}
