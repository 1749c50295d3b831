/*
 * check_probe: probes of real servers on loopback addresses and Unix sockets, which answer, hang,
 * send garbage or send without end.
 */
#include "fixture_probe.h"

/* --- tcp -------------------------------------------------------------------------------------- */

START_TEST(a_closed_port_fails)
{
	unsigned port = 0;
	int fd = listen_on(AF_INET, &port);

	close(fd);
	aim("tcp://127.0.0.1:%u", port);
	FAILS("Connection refused");
	aim("tcp://localhost:%u", port);
	ck_assert_int_eq(attempt(), PROBE_FAILED);
	ck_assert_ptr_nonnull(strstr(why, "Connection refused"));
}
END_TEST

START_TEST(a_greeting_is_expected)
{
	settings.expect = "SSH-2.0";
	set_script("SSH-2.0-test\r\n");
	serve_here(serve_script, "tcp://127.0.0.1:%u");
	SUCCEEDS();
	settings.expect = "~ ^220 ";
	FAILS("the answer is not what is expected: \"SSH-2.0-test\"");
}
END_TEST

START_TEST(a_reply_is_expected)
{
	settings.send = "PING\\r\\n";
	settings.expect = "+PONG";
	serve_here(serve_ping, "tcp://127.0.0.1:%u");
	SUCCEEDS();
	settings.expect = NULL; /* any reply */
	SUCCEEDS();
	settings.send = "PONG\\r\\n";
	settings.timeout = 0.3;
	FAILS("no answer in time");
}
END_TEST

/* The kernel completes the connections of a stopped process. */
START_TEST(a_stopped_server_is_found_by_what_is_expected)
{
	pid_t pid;

	set_script("+OK hello\r\n");
	pid = serve_here(serve_script, "tcp://127.0.0.1:%u");
	settings.timeout = 0.3;
	settings.expect = "+OK";
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	FAILS("no answer in time");
	settings.expect = NULL;
	SUCCEEDS(); /* as the manual says */
	settings.timeout = 20;
	settings.expect = "+OK";
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	SUCCEEDS();
}
END_TEST

START_TEST(a_server_that_closes_at_once_fails)
{
	settings.expect = "x";
	serve_here(serve_close, "tcp://127.0.0.1:%u");
	FAILS("the connection was closed without an answer");
}
END_TEST

START_TEST(a_slow_answer_is_put_together)
{
	settings.expect = "~hello.*world$";
	set_script("220 hello, slow world\r\n");
	serve_here(serve_slowly, "tcp://127.0.0.1:%u");
	SUCCEEDS();
}
END_TEST

START_TEST(a_flood_is_bounded)
{
	settings.expect = "y";
	serve_here(serve_flood, "tcp://127.0.0.1:%u");
	ck_assert_int_eq(attempt(), PROBE_FAILED);
	ck_assert_int_eq(strncmp(why, "the answer is not what is expected: \"xxx", 39), 0);
}
END_TEST

START_TEST(garbage_is_escaped)
{
	settings.expect = "ok";
	script = "\x1b]0;x\a\0\xff";
	script_length = 8;
	serve_here(serve_script, "tcp://127.0.0.1:%u");
	FAILS("the answer is not what is expected: \"\\x1B]0;x\\x07\"");
}
END_TEST

START_TEST(localhost_is_both_addresses)
{
	unsigned port = 0;
	int fd = listen_on(AF_INET6, &port);

	if (fd < 0) {
		printf("SKIP: this machine has no ::1\n");
		return;
	}
	aim("tcp://localhost:%u", port);
	serve(fd, serve_nothing);
	SUCCEEDS();
	aim("tcp://[::1]:%u", port);
	SUCCEEDS();
}
END_TEST

/* --- Unix sockets ----------------------------------------------------------------------------- */

START_TEST(a_unix_socket_is_probed)
{
	const char *path = scratch_path("sock");

	snprintf(target, sizeof(target), "unix:%s", path);
	FAILS("No such file or directory");
	settings.send = "PING\\r\\n";
	settings.expect = "PONG";
	serve(listen_unix(path), serve_ping);
	SUCCEEDS();
}
END_TEST

START_TEST(a_unix_socket_with_a_full_queue_fails)
{
	const char *path = scratch_path("sock");
	int fd = listen_unix(path), clients[32];
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t count = 0;

	listen(fd, 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	do
		clients[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	while (connect(clients[count++], (struct sockaddr *)&un, sizeof(un)) == 0 && count < 32);
	snprintf(target, sizeof(target), "unix:%s", path);
	FAILS("the server does not accept connections; its queue of them is full");
	while (count > 0)
		close(clients[--count]);
	close(fd);
}
END_TEST

START_TEST(http_over_a_unix_socket_is_probed)
{
	const char *path = scratch_path("sock");

	set_script("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	serve(listen_unix(path), serve_http);
	snprintf(target, sizeof(target), "http+unix:%s:/info", path);
	settings.expect = "ok";
	SUCCEEDS();
}
END_TEST

/* --- HTTP ------------------------------------------------------------------------------------- */

static const struct http_row {
	const char *script, *expect;
	const char *why; /* "": it succeeds */
} https[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", ""},
	{"HTTP/1.0 200 OK\r\n\r\nall is ok", "~ is ok$", ""},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", "ok",
		""},
	{"HTTP/1.1 200 OK\r\n\r\nbad", "ok",
		"the body of the answer does not contain what is expected"},
	{"HTTP/1.1 503 \x1b[1mNo\r\n\r\n", NULL, "the answer is not HTTP"},
	{"HTTP/1.1 503 Service Unavailable\r\n\r\n", NULL, "HTTP/1.1 503 Service Unavailable"},
	{"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", NULL, ""},
	{"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\n\r\n", NULL,
		"HTTP/1.1 302 Found, a redirect to http://evil.example/"},
	{"", NULL, "the connection was closed without an answer"},
	{"SSH-2.0-x\r\n", NULL, "the answer is not HTTP"},
	{"HTTP/1.1 200 OK\r\nA: b", NULL, "the connection was closed before the end of the answer"},
};

START_TEST(an_http_answer_is_evaluated)
{
	const struct http_row *row = &https[_i];

	set_script(row->script);
	settings.expect = row->expect;
	serve_here(serve_http, "http://127.0.0.1:%u/health");
	ck_assert_msg(
		attempt() == (row->why[0] != '\0' ? PROBE_FAILED : PROBE_SUCCEEDED), "%s", why);
	ck_assert_str_eq(why, row->why);
}
END_TEST

START_TEST(an_http_answer_is_bounded)
{
	set_script("HTTP/1.1 200 OK\r\n\r\n");
	settings.expect = "y";
	serve_here(serve_flood, "http://127.0.0.1:%u");
	FAILS("the body of the answer does not contain what is expected in its first 64 KiB");
	set_script("HTTP/1.1 200 OK\r\nX: ");
	kill_and_reap_all();
	serve_here(serve_flood, "http://127.0.0.1:%u");
	FAILS("the head of the answer is too long");
}
END_TEST

START_TEST(a_hung_http_server_fails)
{
	serve_here(serve_nothing, "http://127.0.0.1:%u");
	settings.timeout = 0.2;
	FAILS("no answer in time");
	kill_and_reap_all();
	set_script("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
	serve_here(serve_slowly, "http://127.0.0.1:%u");
	settings.expect = "all";
	settings.timeout = 2;
	FAILS("no complete answer in time");
}
END_TEST

/* --- attempts --------------------------------------------------------------------------------- */

START_TEST(a_cancelled_attempt_is_not_reported)
{
	serve_here(serve_nothing, "http://127.0.0.1:%u");
	probe = probe_new(d, &settings, on_result, NULL);
	for (unsigned i = 0; i < 3; i++) {
		probe_try(probe);
		probe_try(probe); /* one at a time */
		turn_for(20 * CLOCK_MS);
		ck_assert(probe_is_busy(probe));
		probe_cancel(probe);
		turn_for(20 * CLOCK_MS);
		ck_assert_uint_eq(results, 0);
		ck_assert_uint_eq(count_descriptors(), descriptors);
	}
}
END_TEST

START_TEST(a_result_is_a_value_of_the_state)
{
	const struct probe_result good = {PROBE_SUCCEEDED, "", 0.0123456789, 86400 * 20.96};
	const struct probe_result bad = {PROBE_FAILED, "a\nb", 5, NAN};
	json_t *state = probe_state(&good, 0, NULL);
	char *text = json_dumps(state, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(6));

	ck_assert_str_eq(text,
		"{\"certificate_days\":20.9,\"failures\":0,\"ok\":true,\"seconds\":0.012346,"
		"\"text\":\"\"}");
	free(text);
	json_decref(state);
	state = probe_state(&bad, 3, NULL);
	text = json_dumps(state, JSON_SORT_KEYS | JSON_COMPACT);
	ck_assert_str_eq(
		text, "{\"failures\":3,\"ok\":false,\"seconds\":5.0,\"text\":\"a\\\\nb\"}");
	free(text);
	json_decref(state);
}
END_TEST

SUITE("probe", setup, teardown)
{
	TEST(a_closed_port_fails);
	TEST(a_greeting_is_expected);
	TEST(a_reply_is_expected);
	TEST(a_stopped_server_is_found_by_what_is_expected);
	TEST(a_server_that_closes_at_once_fails);
	TEST(a_slow_answer_is_put_together);
	TEST(a_flood_is_bounded);
	TEST(garbage_is_escaped);
	TEST(localhost_is_both_addresses);
	TEST(a_unix_socket_is_probed);
	TEST(a_unix_socket_with_a_full_queue_fails);
	TEST(http_over_a_unix_socket_is_probed);
	LOOP_TEST(an_http_answer_is_evaluated, COUNT(https));
	TEST(an_http_answer_is_bounded);
	TEST(a_hung_http_server_fails);
	TEST(a_cancelled_attempt_is_not_reported);
	TEST(a_result_is_a_value_of_the_state);
}
