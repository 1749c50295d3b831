/* check_probe_answer: the reply to a probe of a service. */
#include "modules/service/probe_answer.h"

#include <string.h>
#include <sys/wait.h>

#include "suite.h"

static char why[PROBE_WHY];

static enum probe_outcome http(const char *line)
{
	return probe_answer_http(line, strlen(line), why);
}

static enum probe_outcome exit_with(int status, const char *output)
{
	const vigil_child_exit e = {
		.status = status, .output = output, .length = strlen(output), .errors = ""};

	return probe_answer_exit(&e, why);
}

#define EXIT(code) ((code) << 8)

START_TEST(a_status_from_200_to_399_is_a_success)
{
	ck_assert_int_eq(http("HTTP/1.1 200 OK\r\n"), PROBE_SUCCEEDED);
	ck_assert_str_eq(why, "");
	ck_assert_int_eq(http("HTTP/1.0 399\n"), PROBE_SUCCEEDED);
	ck_assert_int_eq(http("HTTP/1.1 400 Bad"), PROBE_FAILED);
	ck_assert_str_eq(why, "HTTP/1.1 400 Bad");
	ck_assert_int_eq(http("HTTP/1.1 100 Continue\r\n"), PROBE_FAILED);
}
END_TEST

static const char *const others[] = {"HTTP/1.1 4294967496 OK\r\n", "HTTP/1.1 2000\r\n",
	"HTTP/1.1 200abc\r\n", "HTTP/ 1. 1 200\r\n", "HTTP/1.1 +200\r\n", "220 smtp\r\n", "\r\n",
	""};

START_TEST(an_invalid_status_line_is_a_failure)
{
	ck_assert_msg(http(others[_i]) == PROBE_FAILED, "%s", others[_i]);
	ck_assert_str_eq(why, "the answer is not HTTP");
}
END_TEST

START_TEST(a_nul_byte_does_not_end_the_line)
{
	ck_assert_int_eq(probe_answer_http("HTTP/1.1 200\0 x\n", 16, why), PROBE_FAILED);
}
END_TEST

START_TEST(an_exit_is_described_by_its_status_and_its_first_words)
{
	ck_assert_int_eq(exit_with(0, "whatever"), PROBE_SUCCEEDED);
	ck_assert_int_eq(exit_with(EXIT(2), "\n \nit is down\nmore"), PROBE_FAILED);
	ck_assert_str_eq(why, "it is down");
	ck_assert_int_eq(exit_with(EXIT(2), "\n\n"), PROBE_FAILED);
	ck_assert_str_eq(why, "the command exited with status 2");
	ck_assert_int_eq(exit_with(EXIT(127), ""), PROBE_IMPOSSIBLE);
	ck_assert_int_eq(exit_with(9, ""), PROBE_FAILED);
	ck_assert_str_eq(why, "the command was killed by signal 9");
}
END_TEST

START_TEST(a_command_that_was_terminated_is_a_failure)
{
	const vigil_child_exit late = {.timed_out = true, .output = "x", .length = 1};
	const vigil_child_exit stuck = {.given_up = true, .output = "", .length = 0};

	ck_assert_int_eq(probe_answer_exit(&late, why), PROBE_FAILED);
	ck_assert_str_eq(why, "no answer in time");
	ck_assert_int_eq(probe_answer_exit(&stuck, why), PROBE_FAILED);
}
END_TEST

SUITE("probe_answer", NULL, NULL)
{
	TEST(a_status_from_200_to_399_is_a_success);
	LOOP_TEST(an_invalid_status_line_is_a_failure, COUNT(others));
	TEST(a_nul_byte_does_not_end_the_line);
	TEST(an_exit_is_described_by_its_status_and_its_first_words);
	TEST(a_command_that_was_terminated_is_a_failure);
}
