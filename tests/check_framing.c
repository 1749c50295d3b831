/* check_framing: where a request of an HTTP connection ends, and which requests are invalid. */
#include "../src/modules/http/framing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/http.h>

#include "suite.h"

#define HEAD_MAX 512
#define BODY_MAX 16

static const struct framing_limits limits = {.head = HEAD_MAX, .body = BODY_MAX};

/* The result for a connection: the heads for evhttp, one after the other. */
static struct {
	char heads[8192];
	unsigned requests;
	int code; /* of the refusal; 0: none */
	bool last;
} got;

static void feed(struct framing *f, const char *bytes, size_t length)
{
	enum framing_result result;
	size_t taken, size;
	const char *head;

	while (length > 0 && got.code == 0) {
		result = framing_read(f, bytes, length, &taken);
		ck_assert_uint_le(taken, length);
		ck_assert(taken == length || result != FRAMING_MORE);
		bytes += taken;
		length -= taken;
		if (result == FRAMING_MORE)
			continue;
		head = framing_head(f, &size);
		ck_assert_uint_eq(strlen(head), size);
		got.last = framing_is_last(f);
		if (result == FRAMING_REFUSED) {
			got.code = framing_refusal(f)->code;
			ck_assert_ptr_nonnull(strstr(head, "Connection:close\r\n\r\n"));
			ck_assert(got.last);
		} else {
			ck_assert_ptr_null(framing_refusal(f));
			ck_assert_uint_lt(strlen(got.heads) + size, sizeof(got.heads));
			strcat(got.heads, head);
			got.requests++;
		}
	}
}

/* Passes the bytes in pieces of `step` bytes. */
static void run(const char *bytes, size_t length, size_t step)
{
	struct framing *f = framing_new(&limits);

	memset(&got, 0, sizeof(got));
	for (size_t at = 0; at < length; at += step)
		feed(f, bytes + at, length - at < step ? length - at : step);
	framing_free(f);
}

#define H "Host: a\r\n"

static const struct {
	const char *bytes, *head;
} requests[] = {
	{"GET / HTTP/1.1\r\n" H "\r\n", "GET / HTTP/1.1\r\nHost:a\r\n\r\n"},
	{"\r\nGET / HTTP/1.1\r\n" H "\r\n", "GET / HTTP/1.1\r\nHost:a\r\n\r\n"},
	{"HEAD /x?y=z HTTP/1.1\r\nhost:a:80\r\n\r\n", "HEAD /x?y=z HTTP/1.1\r\nHost:a:80\r\n\r\n"},
	{"GET / HTTP/1.1\n"
	 "Host: a\n\n",
		"GET / HTTP/1.1\r\nHost:a\r\n\r\n"},
	{"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection:close\r\n\r\n"},
	{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection:keep-alive\r\n\r\n"},
	{"GET / HTTP/1.1\r\n" H "Connection: x, CLOSE ,y\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:a\r\nConnection:close\r\n\r\n"},
	{"GET //metrics HTTP/1.1\r\n" H "\r\n", "GET /metrics HTTP/1.1\r\nHost:a\r\n\r\n"},
	{"GET ///a//b HTTP/1.1\r\n" H "\r\n", "GET /a//b HTTP/1.1\r\nHost:a\r\n\r\n"},
	{"GET HTTP://b:1/x HTTP/1.1\r\n" H "\r\n", "GET /x HTTP/1.1\r\nHost:b:1\r\nHost:a\r\n\r\n"},
	{"GET http://b?q HTTP/1.1\r\n" H "\r\n", "GET /?q HTTP/1.1\r\nHost:b\r\nHost:a\r\n\r\n"},
	{"OPTIONS * HTTP/1.1\r\n" H "\r\n",
		"POST / HTTP/1.1\r\nHost:a\r\nContent-Length:0\r\n\r\n"},
	{"BREW / HTTP/1.1\r\n" H "\r\n", "POST / HTTP/1.1\r\nHost:a\r\nContent-Length:0\r\n\r\n"},
	{"get / HTTP/1.1\r\n" H "\r\n", "POST / HTTP/1.1\r\nHost:a\r\nContent-Length:0\r\n\r\n"},
	{"GET / HTTP/1.1\r\n" H "A:\tb c\t \r\nB:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:a\r\nA:b c\r\nB:\r\n\r\n"},
	{"GET / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", "GET / HTTP/1.1\r\nHost:a\r\n\r\n"},
	{"GET / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nGET /",
		"GET / HTTP/1.1\r\nHost:a\r\n\r\n"},
	{"GET / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"
	 "5\r\nGET /\r\n0a;x=\"y\"\r\n0123456789\r\n00\r\nT: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:a\r\n\r\n"},
	{"GET / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:a\r\nConnection:close\r\n\r\n"},
	{"GET / HTTP/1.1\r\n" H "Upgrade: h2c\r\nTE: trailers\r\nKeep-Alive: 5\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:a\r\n\r\n"},
	{"GET /\xc3\xa9 HTTP/1.7\r\n" H "\r\n", "GET /\xc3\xa9 HTTP/1.1\r\nHost:a\r\n\r\n"},
};

START_TEST(a_request_yields_one_head_without_a_body)
{
	const char *bytes = requests[_i].bytes, *path;
	char line[HEAD_MAX];
	struct evhttp_uri *uri;

	for (size_t step = 1; step < 64; step += 62) {
		run(bytes, strlen(bytes), step);
		ck_assert_int_eq(got.code, 0);
		ck_assert_uint_eq(got.requests, 1);
		ck_assert_str_eq(got.heads, requests[_i].head);
		ck_assert(got.last == (strstr(got.heads, "Connection:close") != NULL));
	}
	snprintf(line, sizeof(line), "%s", strchr(got.heads, ' ') + 1);
	line[strcspn(line, " ")] = '\0';
	uri = evhttp_uri_parse_with_flags(line, EVHTTP_URI_NONCONFORMANT);
	ck_assert_ptr_nonnull(uri);
	path = evhttp_uri_get_path(uri);
	ck_assert(path[0] == '/' && evhttp_uri_get_host(uri) == NULL);
	evhttp_uri_free(uri);
}
END_TEST

#define REFUSED(code, bytes)                   \
	{                                      \
		code, sizeof(bytes) - 1, bytes \
	}
#define GET_WITH(lines) "GET / HTTP/1.1\r\n" H lines "\r\n"

static const struct {
	int code;
	size_t length;
	const char *bytes;
} refusals[] = {
	/* Transfer-Encoding other than a single final chunked */
	REFUSED(400, GET_WITH("Transfer-Encoding: xchunked\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: chunkedx\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: chunked, identity\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: gzip, chunked\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: chunked, chunked\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: \"chunked\"\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding:\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: identity\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: chunked;q=1\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: \vchunked\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: ,chunked\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding : chunked\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding\t: chunked\r\n")),
	REFUSED(400, GET_WITH("Transfer_Encoding\x7f: chunked\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding:\r\n chunked\r\n")),
	REFUSED(400, "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
	/* Content-Length */
	REFUSED(400, GET_WITH("Content-Length: 5\r\nContent-Length: 6\r\n")),
	REFUSED(400, GET_WITH("Content-Length: 5\r\nContent-Length: 5\r\n")),
	REFUSED(400, GET_WITH("Content-Length: 5, 5\r\n")),
	REFUSED(400, GET_WITH("Content-Length: +5\r\n")),
	REFUSED(400, GET_WITH("Content-Length: -5\r\n")),
	REFUSED(400, GET_WITH("Content-Length: 0x5\r\n")),
	REFUSED(400, GET_WITH("Content-Length: 5 5\r\n")),
	REFUSED(400, GET_WITH("Content-Length: 5a\r\n")),
	REFUSED(400, GET_WITH("Content-Length: 5.0\r\n")),
	REFUSED(400, GET_WITH("Content-Length:\r\n")),
	REFUSED(400, GET_WITH("Content-Length: 5\0\r\n")),
	REFUSED(400, GET_WITH("Content-Length : 5\r\n")),
	REFUSED(400, GET_WITH("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")),
	REFUSED(400, GET_WITH("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n")),
	REFUSED(413, GET_WITH("Content-Length: 17\r\n")),
	REFUSED(413, GET_WITH("Content-Length: 18446744073709551621\r\n")),
/* chunks */
#define CHUNKED(body) GET_WITH("Transfer-Encoding: chunked\r\n") body
	REFUSED(400, CHUNKED("0x5\r\nabcde\r\n0\r\n\r\n")),
	REFUSED(400, CHUNKED("+5\r\nabcde\r\n0\r\n\r\n")),
	REFUSED(400, CHUNKED("-1\r\n")),
	REFUSED(400, CHUNKED(" 5\r\nabcde\r\n0\r\n\r\n")),
	REFUSED(400, CHUNKED("5 \r\nabcde\r\n0\r\n\r\n")),
	REFUSED(400, CHUNKED("5 ;a\r\nabcde\r\n0\r\n\r\n")),
	REFUSED(400, CHUNKED("\r\n")),
	REFUSED(400, CHUNKED(";x\r\n")),
	REFUSED(400, CHUNKED("g\r\n")),
	REFUSED(400, CHUNKED("5\nabcde\r\n0\r\n\r\n")),
	REFUSED(400, CHUNKED("5\r\nabcdef\r\n0\r\n\r\n")),
	REFUSED(400, CHUNKED("5\r\nabcde\n0\r\n\r\n")),
	REFUSED(400, CHUNKED("5\r\nabcde0\r\n\r\n")),
	REFUSED(400, CHUNKED("5;a\rb\r\nabcde\r\n0\r\n\r\n")),
	REFUSED(400, CHUNKED("000000000000000005\r\nabcde\r\n0\r\n\r\n")),
	REFUSED(400, CHUNKED("100000000\r\n")),
	REFUSED(400, CHUNKED("0\r\nno trailer\r\n\r\n")),
	REFUSED(400, CHUNKED("0\r\n folded: x\r\n\r\n")),
	REFUSED(400, CHUNKED("0\r\na : x\r\n\r\n")),
	REFUSED(413, CHUNKED("11\r\n")),
	REFUSED(413, CHUNKED("f\r\n0123456789abcde\r\n2\r\n")),
	REFUSED(413, CHUNKED("ffffffff\r\n")),
	/* lines */
	REFUSED(400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
	REFUSED(400, GET_WITH("A: b\r\n c\r\n")),
	REFUSED(400, GET_WITH("A: b\r\n\tc\r\n")),
	REFUSED(400, GET_WITH("A : b\r\n")),
	REFUSED(400, GET_WITH(": b\r\n")),
	REFUSED(400, GET_WITH("A\r\n")),
	REFUSED(400, GET_WITH("A B: c\r\n")),
	REFUSED(400, GET_WITH("A\xc3\xa9: c\r\n")),
	REFUSED(400, GET_WITH("A: b\rC: d\r\n")),
	REFUSED(400, GET_WITH("A: b\r\r\n")),
	REFUSED(400, GET_WITH("A: b\nC: d\r\n")),
	REFUSED(400, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
	REFUSED(400, GET_WITH("A: b\0c\r\n")),
	REFUSED(400, GET_WITH("A\0: b\r\n")),
	REFUSED(400, GET_WITH("A: b\x01\r\n")),
	REFUSED(400, GET_WITH("A: b\x7f\r\n")),
	/* request lines */
	REFUSED(400, "GET /\r\n\r\n"),
	REFUSED(400, "GET\r\n\r\n"),
	REFUSED(400, "/ HTTP/1.1\r\n"),
	REFUSED(400, "\r\n\r\nGET / HTTP/1.1\r\n"),
	REFUSED(400, " GET / HTTP/1.1\r\n"),
	REFUSED(400, "GET  / HTTP/1.1\r\n"),
	REFUSED(400, "GET /  HTTP/1.1\r\n"),
	REFUSED(400, "GET / HTTP/1.1 \r\n"),
	REFUSED(400, "GET\t/ HTTP/1.1\r\n"),
	REFUSED(400, "GET /\t HTTP/1.1\r\n"),
	REFUSED(400, "GET / x HTTP/1.1\r\n"),
	REFUSED(400, "GET / http/1.1\r\n"),
	REFUSED(400, "GET / HTTP/1\r\n"),
	REFUSED(400, "GET / HTTP/1.10\r\n"),
	REFUSED(400, "GET / HTTP/+1.1\r\n"),
	REFUSED(400, "GET / XTTP/1.1\r\n"),
	REFUSED(505, "GET / HTTP/2.0\r\n"),
	REFUSED(505, "GET / HTTP/0.9\r\n"),
	REFUSED(400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	REFUSED(400, "GE(T / HTTP/1.1\r\n"),
	REFUSED(400, "GET /\0 HTTP/1.1\r\n"),
	REFUSED(400, "GET /\r HTTP/1.1\r\n"),
	REFUSED(400, "GET /#x HTTP/1.1\r\n"),
	REFUSED(400, "GET x HTTP/1.1\r\n"),
	REFUSED(400, "GET * HTTP/1.1\r\n"),
	REFUSED(400, "GET a:80 HTTP/1.1\r\n"),
	REFUSED(400, "CONNECT a:80 HTTP/1.1\r\n"),
	REFUSED(400, "GET ftp://a/ HTTP/1.1\r\n"),
	REFUSED(400, "GET http:///x HTTP/1.1\r\n"),
	REFUSED(400, "GET http://u@a/ HTTP/1.1\r\n"),
	REFUSED(400, "GET http://a\\b/ HTTP/1.1\r\n"),
	REFUSED(400, "\x16\x03\x01\x02"),
	/* Host */
	REFUSED(400, "GET / HTTP/1.1\r\n\r\n"),
	REFUSED(400, "GET http://a/ HTTP/1.1\r\n\r\n"),
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
	REFUSED(400, "GET / HTTP/1.0\r\nHost: a\r\nhOST: b\r\n\r\n"),
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
	REFUSED(400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
	REFUSED(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
	REFUSED(400, "GET / HTTP/1.1\r\nHos\0t: a\r\n\r\n"),
};

START_TEST(an_ambiguous_request_is_refused)
{
	for (size_t step = 1; step < 2000; step += 1998) {
		run(refusals[_i].bytes, refusals[_i].length, step);
		ck_assert_msg(
			got.code == refusals[_i].code, "%s: %d", refusals[_i].bytes, got.code);
		ck_assert_uint_eq(got.requests, 0);
	}
}
END_TEST

START_TEST(consecutive_requests_are_separated)
{
	static const char bytes[] = "POST /a HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nGET "
				    "GET /b HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
				    "3\r\nGET\r\n0\r\n\r\n"
				    "HEAD /c HTTP/1.1\r\n" H "\r\n"
				    "GET /d HTTP/1.1\r\n\r\n"
				    "GET /e HTTP/1.1\r\n" H "\r\n";

	for (size_t step = 1; step < sizeof(bytes); step++) {
		run(bytes, sizeof(bytes) - 1, step);
		ck_assert_uint_eq(got.requests, 3);
		ck_assert_int_eq(got.code, 400);
		ck_assert_str_eq(got.heads, "POST /a HTTP/1.1\r\nHost:a\r\nContent-Length:0\r\n\r\n"
					    "GET /b HTTP/1.1\r\nHost:a\r\n\r\n"
					    "HEAD /c HTTP/1.1\r\nHost:a\r\n\r\n");
	}
}
END_TEST

/* Returns the length of a request with a head of this size, filled up in the request line or in a
 * header. */
static size_t sized(char *bytes, size_t size, bool in_line)
{
	char fill[1024] = "";
	size_t fixed = strlen("GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n");

	memset(fill, 'a', size - fixed);
	fill[size - fixed] = '\0';
	return (size_t)sprintf(bytes, "GET /%s HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n",
		in_line ? fill : "", in_line ? "" : fill);
}

START_TEST(a_head_may_not_be_longer_than_its_limit)
{
	char bytes[1024], *end;

	run(bytes, sized(bytes, HEAD_MAX, false), 7);
	ck_assert_uint_eq(got.requests, 1);
	run(bytes, sized(bytes, HEAD_MAX + 1, false), 7);
	ck_assert_int_eq(got.code, 431);
	run(bytes, sized(bytes, HEAD_MAX, true), 1000);
	ck_assert_uint_eq(got.requests, 1);
	run(bytes, sized(bytes, HEAD_MAX + 50, true), 1000);
	ck_assert_int_eq(got.code, 414);
	memset(bytes, 'a', sizeof(bytes)); /* no newline */
	run(bytes, sizeof(bytes), 1);
	ck_assert_int_eq(got.code, 414);
	strcpy(bytes, CHUNKED("0\r\n")); /* trailers count too */
	for (end = bytes + strlen(bytes); end < bytes + 1000; end += strlen(end))
		strcpy(end, "T: x\r\n");
	run(bytes, strlen(bytes), 1000);
	ck_assert_int_eq(got.code, 431);
	strcpy(bytes, CHUNKED("1;"));
	memset(bytes + strlen(bytes), 'x', 300);
	run(bytes, strlen(CHUNKED("1;")) + 300, 1);
	ck_assert_int_eq(got.code, 400);
}
END_TEST

START_TEST(a_refusal_names_the_option_and_knows_the_method)
{
	static const char head[] = "HEAD / HTTP/1.1\r\n" H "Content-Length: 99\r\n\r\n";
	struct framing *f = framing_new(&limits);
	size_t taken, length;

	ck_assert_int_eq(framing_read(f, head, strlen(head), &taken), FRAMING_REFUSED);
	ck_assert_ptr_nonnull(strstr(framing_refusal(f)->text, "body_max = 16 bytes"));
	ck_assert_int_eq(strncmp(framing_head(f, &length), "HEAD / ", 7), 0);
	ck_assert_int_eq(framing_read(f, head, strlen(head), &taken), FRAMING_REFUSED);
	ck_assert_uint_eq(taken, 0);
	framing_free(f);
	f = framing_new(&limits);
	framing_refuse(f, 400, "why");
	ck_assert_str_eq(framing_refusal(f)->text, "why");
	ck_assert_int_eq(strncmp(framing_head(f, &length), "GET / ", 6), 0);
	framing_free(f);
}
END_TEST

SUITE("framing", NULL, NULL)
{
	LOOP_TEST(a_request_yields_one_head_without_a_body, COUNT(requests));
	LOOP_TEST(an_ambiguous_request_is_refused, COUNT(refusals));
	TEST(consecutive_requests_are_separated);
	TEST(a_head_may_not_be_longer_than_its_limit);
	TEST(a_refusal_names_the_option_and_knows_the_method);
}
