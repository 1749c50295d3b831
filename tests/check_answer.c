/* check_answer: the reply of the Icinga master, as bytes and as a verdict. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "modules/icinga/answer.h"
#include "modules/icinga/verdict.h"
#include "suite.h"

static struct answer *answer;

static void set_up(void)
{
	answer = answer_new();
	ck_assert_ptr_nonnull(answer);
}

static void tear_down(void)
{
	answer_free(answer);
}

static enum answer_result read_text(const char *text)
{
	size_t taken;

	return answer_read(answer, text, strlen(text), &taken);
}

static const char *body(void)
{
	size_t length;

	return answer_body(answer, &length);
}

START_TEST(an_answer_ends_after_its_content_length)
{
	const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP";
	size_t taken;

	ck_assert_int_eq(answer_read(answer, text, strlen(text), &taken), ANSWER_DONE);
	ck_assert_uint_eq(taken, strlen(text) - 4);
	ck_assert_int_eq(answer_status(answer), 200);
	ck_assert_str_eq(body(), "ab");
	ck_assert(answer_keeps_connection(answer));
}
END_TEST

START_TEST(chunks_are_joined)
{
	ck_assert_int_eq(read_text("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n"
				   "2;x=y\r\nab\r\n1\r\nc\r\n0\r\nA: b\r\n\r\n"),
		ANSWER_DONE);
	ck_assert_str_eq(body(), "abc");
}
END_TEST

START_TEST(interim_answers_are_skipped)
{
	ck_assert_int_eq(
		read_text("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n"), ANSWER_MORE);
	ck_assert_int_eq(read_text("HTTP/1.1 204 None\r\n\r\n"), ANSWER_DONE);
	ck_assert_int_eq(answer_status(answer), 204);
}
END_TEST

START_TEST(too_many_interim_answers_are_too_long)
{
	enum answer_result result = ANSWER_MORE;
	size_t count = 0;

	while (result == ANSWER_MORE && count++ < ANSWER_LINES_MAX)
		result = read_text("HTTP/1.1 100 Continue\r\n\r\n");
	ck_assert_int_eq(result, ANSWER_TOO_LONG);
}
END_TEST

START_TEST(a_body_without_a_length_ends_with_the_connection)
{
	ck_assert_int_eq(read_text("HTTP/1.0 200 OK\n\nab"), ANSWER_MORE);
	ck_assert_int_eq(answer_end(answer), ANSWER_DONE);
	ck_assert_str_eq(body(), "ab");
	ck_assert(!answer_keeps_connection(answer));
}
END_TEST

static const char *const wrong[] = {
	"220 smtp ready\r\n",
	"HTTP/2 200 OK\r\n",
	"HTTP/1.1 2000 OK\r\n",
	"HTTP/1.1 101 Switching Protocols\r\n\r\n",
	"HTTP/1.1 200 OK\r\n folded: x\r\n",
	"HTTP/1.1 200 OK\r\nName : x\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
	"HTTP/1.1 200 O\rK\r\n",
};

START_TEST(an_invalid_answer_is_refused)
{
	ck_assert_msg(read_text(wrong[_i]) == ANSWER_WRONG, "%s", wrong[_i]);
	ck_assert(!answer_keeps_connection(answer));
}
END_TEST

START_TEST(a_truncated_answer_is_refused)
{
	ck_assert_int_eq(read_text("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), ANSWER_MORE);
	ck_assert_int_eq(answer_end(answer), ANSWER_WRONG);
}
END_TEST

static const char *const long_ones[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40001\r\n",
};

START_TEST(a_length_over_the_limit_is_refused_before_the_body)
{
	ck_assert_int_eq(read_text(long_ones[_i]), ANSWER_TOO_LONG);
}
END_TEST

/* --- the verdict ------------------------------------------------------------------------------ */

static int code; /* as verdict_read has set it */

static enum verdict verdict(int status, const char *words)
{
	char text[VERDICT_TEXT];

	return verdict_read(status, words, strlen(words), &code, text);
}

START_TEST(only_the_success_texts_of_icinga_count_as_success)
{
	ck_assert_int_eq(verdict(200, "{\"results\":[{\"code\":200.0}]}"), VERDICT_TAKEN);
	ck_assert_int_eq(verdict(200, "{\"results\":[]}"), VERDICT_NO_MASTER);
	ck_assert_int_eq(verdict(200, "<html>"), VERDICT_NO_MASTER);
	ck_assert_int_eq(verdict(200, "{\"results\":[{\"code\":true}]}"), VERDICT_NO_MASTER);
	ck_assert_int_eq(verdict(500, "{\"results\":[{\"code\":200}]}"), VERDICT_REFUSED);
	ck_assert_int_eq(verdict(200, "{\"results\":[{\"code\":1e300}]}"), VERDICT_REFUSED);
	ck_assert_int_eq(verdict(200, "{\"results\":[{\"code\":-1e300}]}"), VERDICT_REFUSED);
	ck_assert_int_eq(verdict(404, "{\"error\":404}"), VERDICT_REFUSED);
	ck_assert_int_eq(verdict(404, "{}"), VERDICT_NO_MASTER);
}
END_TEST

/* A master that is reloading answers so, which says nothing about the service. */
START_TEST(a_master_that_shuts_down_has_refused_nothing)
{
	char text[VERDICT_TEXT];
	const char words[] = "{\"results\":[{\"code\":503,\"status\":"
			     "\"Action skipped: Shutting down.\"}]}";

	ck_assert_int_eq(
		verdict_read(503, words, sizeof(words) - 1, &code, text), VERDICT_NO_MASTER);
	ck_assert_str_eq(text, "the master answers 503: Action skipped: Shutting down.");
	ck_assert_int_eq(verdict(200, "{\"results\":[{\"code\":503}]}"), VERDICT_NO_MASTER);
	ck_assert_int_eq(verdict(500, "{\"results\":[{\"code\":500}]}"), VERDICT_REFUSED);
}
END_TEST

START_TEST(the_code_of_the_result_precedes_the_status)
{
	static const struct {
		const char *words;
		int code;
	} rows[] = {{"{\"results\":[{\"code\":409.0}]}", 409}, {"{\"results\":[]}", 500},
		{"{\"results\":[{\"code\":\"409\"}]}", 500},
		{"{\"results\":[{\"code\":1e300}]}", 500}, {"{\"error\":404}", 500}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		verdict(500, rows[i].words);
		ck_assert_msg(code == rows[i].code, "%s: %d", rows[i].words, code);
	}
}
END_TEST

START_TEST(a_nul_byte_does_not_end_the_text)
{
	const char words[] = "{\"results\":[{\"code\":200}]}\0<html>";
	char text[VERDICT_TEXT];

	ck_assert_int_eq(
		verdict_read(200, words, sizeof(words) - 1, &code, text), VERDICT_NO_MASTER);
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
	char words[1024] = "{\"status\":\"x", text[VERDICT_TEXT];
	json_t *valid;

	for (int i = 0; i < 300; i++)
		strcat(words, "\xc3\xa9");
	strcat(words, "\"}");
	verdict_read(503, words, strlen(words), &code, text);
	valid = json_string(text);
	ck_assert_ptr_nonnull(valid);
	json_decref(valid);
}
END_TEST

START_TEST(an_answer_with_many_status_texts_is_still_from_icinga)
{
	char *words = malloc(20000);

	strcpy(words, "{\"results\":[{\"code\":200,\"status\":\"");
	memset(words + strlen(words), 'x', 10000);
	strcpy(strchr(words, 'x') + 10000, "\"}]}");
	ck_assert_int_eq(verdict(200, words), VERDICT_TAKEN);
	free(words);
}
END_TEST

SUITE("answer", set_up, tear_down)
{
	TEST(an_answer_ends_after_its_content_length);
	TEST(chunks_are_joined);
	TEST(interim_answers_are_skipped);
	TEST(too_many_interim_answers_are_too_long);
	TEST(a_body_without_a_length_ends_with_the_connection);
	LOOP_TEST(an_invalid_answer_is_refused, COUNT(wrong));
	TEST(a_truncated_answer_is_refused);
	LOOP_TEST(a_length_over_the_limit_is_refused_before_the_body, COUNT(long_ones));
	TEST(only_the_success_texts_of_icinga_count_as_success);
	TEST(a_master_that_shuts_down_has_refused_nothing);
	TEST(the_code_of_the_result_precedes_the_status);
	TEST(a_nul_byte_does_not_end_the_text);
	TEST(long_texts_are_cut_between_characters);
	TEST(an_answer_with_many_status_texts_is_still_from_icinga);
}
