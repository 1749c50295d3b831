/* check_probe_answer: the reply to a probe of a service. */
#include "modules/probe/probe_answer.h"

#include <string.h>
#include <sys/wait.h>

#include "suite.h"

static char why[PROBE_WHY];

static struct probe_plan plan = {.name = "www.example.org"};

/* Evaluates an answer that arrives in pieces of `step` bytes. */
static enum probe_outcome in_steps(
	const char *answer, size_t length, size_t step, const char *expected)
{
	struct probe_http *http = probe_http_new(expected != NULL);
	struct probe_expect *expect =
		expected != NULL ? probe_expect_new(expected, why, sizeof(why)) : NULL;
	enum probe_http_result result = PROBE_HTTP_MORE;
	enum probe_outcome outcome = PROBE_FAILED;

	for (size_t at = 0; at < length && result == PROBE_HTTP_MORE; at += step)
		result =
			probe_http_read(http, answer + at, length - at < step ? length - at : step);
	if (result == PROBE_HTTP_MORE)
		result = probe_http_end(http);
	if (result == PROBE_HTTP_DONE)
		outcome = probe_answer_http(&plan, http, expect, why);
	else
		snprintf(why, sizeof(why), "%s", probe_http_why(http));
	probe_expect_free(expect);
	probe_http_free(http);
	return outcome;
}

static enum probe_outcome expecting(const char *answer, const char *expected)
{
	enum probe_outcome outcome = in_steps(answer, strlen(answer), 1, expected);
	char first[PROBE_WHY];

	strcpy(first, why);
	ck_assert_int_eq(in_steps(answer, strlen(answer), strlen(answer), expected), outcome);
	ck_assert_str_eq(why, first);
	return outcome;
}

static enum probe_outcome http(const char *answer)
{
	return expecting(answer, NULL);
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
	ck_assert_int_eq(http("HTTP/1.1 200 OK\r\n\r\n"), PROBE_SUCCEEDED);
	ck_assert_str_eq(why, "");
	ck_assert_int_eq(http("HTTP/1.0 399\n\n"), PROBE_SUCCEEDED);
	ck_assert_int_eq(http("HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"), PROBE_SUCCEEDED);
	ck_assert_int_eq(http("HTTP/1.1 400 Bad\r\n\r\n"), PROBE_FAILED);
	ck_assert_str_eq(why, "HTTP/1.1 400 Bad");
	ck_assert_int_eq(http("HTTP/1.1 100 Continue\r\n\r\n"), PROBE_FAILED);
	ck_assert_str_eq(why, "the answer is not HTTP");
	ck_assert_int_eq(
		http("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n"), PROBE_SUCCEEDED);
}
END_TEST

START_TEST(the_option_replaces_the_usual_statuses)
{
	plan.ranges[0].first = plan.ranges[0].last = 401;
	plan.ranges[1].first = 500;
	plan.ranges[1].last = 503;
	plan.range_count = 2;
	ck_assert_int_eq(http("HTTP/1.1 401 No\r\n\r\n"), PROBE_SUCCEEDED);
	ck_assert_int_eq(http("HTTP/1.1 502 No\r\n\r\n"), PROBE_SUCCEEDED);
	ck_assert_int_eq(http("HTTP/1.1 200 OK\r\n\r\n"), PROBE_FAILED);
}
END_TEST

static const struct redirect_row {
	const char *location;
	enum probe_outcome outcome;
} redirects[] = {
	{"/login", PROBE_SUCCEEDED},
	{"login?to=http://other/", PROBE_SUCCEEDED},
	{"/a//b", PROBE_SUCCEEDED},
	{"https://www.example.org/", PROBE_SUCCEEDED},
	{"https://WWW.example.ORG:8443/x", PROBE_SUCCEEDED},
	{"//www.example.org", PROBE_SUCCEEDED},
	{"https://example.org/", PROBE_FAILED},
	{"https://www.example.org.evil.net/", PROBE_FAILED},
	{"//evil.net/www.example.org", PROBE_FAILED},
	{"http://www.example.org@evil.net/", PROBE_FAILED},
	{"https://www.example.org/", PROBE_SUCCEEDED},
	{"http://", PROBE_FAILED},
};

START_TEST(a_redirect_stays_on_the_host)
{
	char answer[256];

	snprintf(answer, sizeof(answer), "HTTP/1.1 302 Found\r\nLocation: %s\r\n\r\n",
		redirects[_i].location);
	ck_assert_msg(http(answer) == redirects[_i].outcome, "%s", redirects[_i].location);
	if (redirects[_i].outcome == PROBE_FAILED)
		ck_assert_ptr_nonnull(strstr(why, "HTTP/1.1 302 Found, a redirect to "));
}
END_TEST

static const char *const others[] = {"HTTP/1.1 4294967496 OK\r\n\r\n", "HTTP/1.1 2000\r\n\r\n",
	"HTTP/1.1 200abc\r\n\r\n", "HTTP/ 1. 1 200\r\n\r\n", "HTTP/1.1 +200\r\n\r\n",
	"220 smtp\r\n", "\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 200 \x1b[0m\r\n\r\n"};

START_TEST(an_invalid_status_line_is_a_failure)
{
	ck_assert_msg(http(others[_i]) == PROBE_FAILED, "%s", others[_i]);
	ck_assert_str_eq(why, "the answer is not HTTP");
}
END_TEST

START_TEST(a_nul_byte_does_not_end_the_line)
{
	ck_assert_int_eq(in_steps("HTTP/1.1 200\0 x\n\n", 17, 17, NULL), PROBE_FAILED);
}
END_TEST

static const struct framing_row {
	const char *answer, *expect; /* expect: NULL if the body is not read */
	enum probe_outcome outcome;
	const char *why; /* its beginning */
} framings[] = {
	{"HTTP/1.1 200 OK\r\n\r\nall is well", "well", PROBE_SUCCEEDED, ""},
	{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell and more", "more", PROBE_FAILED,
		"the body of the answer does not contain"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nwell", "well", PROBE_FAILED,
		"the connection was closed before the end"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwe\r\n2;x=y\r\nll\r\n0\r\n\r\n",
		"well", PROBE_SUCCEEDED, ""},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwell\r\n0\r\n\r\n", "well",
		PROBE_FAILED, "the answer has a chunk that is longer"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nwe", "we", PROBE_FAILED,
		"the answer has an invalid chunk size"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nwe", "we",
		PROBE_FAILED, "the answer has an invalid chunk size"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nx", "x", PROBE_FAILED,
		"the length of the answer is invalid"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx", "x",
		PROBE_FAILED, "the answer has both"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy", "x", PROBE_FAILED,
		"the length of the answer is invalid"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nxy", "x", PROBE_FAILED,
		"the length of the answer is invalid"},
	{"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", NULL, PROBE_FAILED,
		"the answer has a line that is not an HTTP header"},
	{"HTTP/1.1 200 OK\r\nA : c\r\n\r\n", NULL, PROBE_FAILED,
		"the answer has a line that is not an HTTP header"},
	{"HTTP/1.1 200 OK\r\nA: \x1b\r\n\r\n", NULL, PROBE_FAILED,
		"the answer has a control character"},
	{"HTTP/1.1 101 Upgrade\r\n\r\n", NULL, PROBE_FAILED, "the answer switches"},
	{"HTTP/1.1 200 OK\r\nA: b\r\n", NULL, PROBE_FAILED, "the connection was closed before"},
	{"HTTP/1.1 204 No\r\n\r\n", "x", PROBE_FAILED, "the body of the answer does not"},
};

START_TEST(the_framing_is_checked)
{
	const struct framing_row *row = &framings[_i];

	ck_assert_msg(
		expecting(row->answer, row->expect) == row->outcome, "%s: %s", row->answer, why);
	ck_assert_msg(strncmp(why, row->why, strlen(row->why)) == 0, "%s: %s", row->answer, why);
}
END_TEST

START_TEST(an_answer_without_an_end_is_bounded)
{
	static char body[3 * PROBE_HTTP_BODY];
	struct probe_http *http = probe_http_new(true);
	size_t length;

	memset(body, 'x', sizeof(body));
	ck_assert_int_eq(probe_http_read(http, "HTTP/1.1 200 OK\r\n\r\n", 19), PROBE_HTTP_MORE);
	ck_assert_int_eq(probe_http_read(http, body, sizeof(body)), PROBE_HTTP_DONE);
	probe_http_body(http, &length);
	ck_assert_uint_eq(length, PROBE_HTTP_BODY);
	probe_http_free(http);
	http = probe_http_new(true); /* one line */
	ck_assert_int_eq(probe_http_read(http, body, sizeof(body)), PROBE_HTTP_WRONG);
	ck_assert_str_eq(probe_http_why(http), "the answer is not HTTP");
	probe_http_free(http);
	http = probe_http_new(true); /* many headers */
	ck_assert_int_eq(probe_http_read(http, "HTTP/1.1 200 OK\r\n", 17), PROBE_HTTP_MORE);
	for (length = 0; probe_http_read(http, "A: b\r\n", 6) == PROBE_HTTP_MORE; length += 6)
		ck_assert_uint_lt(length, 2 * PROBE_HTTP_BODY);
	ck_assert_str_eq(probe_http_why(http), "the head of the answer is too long");
	probe_http_free(http);
}
END_TEST

START_TEST(an_unexpected_answer_is_quoted_and_escaped)
{
	probe_answer_unexpected("-ERR \x1b[2J no\r\nmore", 18, why);
	ck_assert_str_eq(why, "the answer is not what is expected: \"-ERR \\x1B[2J no\"");
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
	TEST(the_option_replaces_the_usual_statuses);
	LOOP_TEST(a_redirect_stays_on_the_host, COUNT(redirects));
	LOOP_TEST(the_framing_is_checked, COUNT(framings));
	TEST(an_answer_without_an_end_is_bounded);
	TEST(an_unexpected_answer_is_quoted_and_escaped);
	LOOP_TEST(an_invalid_status_line_is_a_failure, COUNT(others));
	TEST(a_nul_byte_does_not_end_the_line);
	TEST(an_exit_is_described_by_its_status_and_its_first_words);
	TEST(a_command_that_was_terminated_is_a_failure);
}
