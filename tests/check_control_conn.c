/* check_control_conn: the requests and replies of one client. */
#include "control/control_conn.h"

#include "fixture_control.h"
#include "suite.h"

/* --- requests --------------------------------------------------------------------------------- */

START_TEST(requests_are_answered_in_order)
{
	enum { COUNT = 1000 };
	int fd = dial();
	char line[128];
	json_t *reply;

	for (int i = 0; i < COUNT; i++) {
		/* every third request is a notification, which gets no reply */
		if (i % 3 == 2)
			snprintf(line, sizeof(line),
				"{\"jsonrpc\":\"2.0\",\"method\":\"version\"}\n");
		else
			snprintf(line, sizeof(line),
				"{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"version\"}\r\n\n", i);
		put(fd, line);
	}
	for (int i = 0; i < COUNT; i++) {
		if (i % 3 == 2)
			continue;
		reply = get_object(fd);
		ck_assert_int_eq(code_of(reply), 0);
		ck_assert_int_eq(json_integer_value(json_object_get(reply, "id")), i);
		json_decref(reply);
	}
	ck_assert(is_open(fd));
	close(fd);
}
END_TEST

START_TEST(a_request_may_come_byte_by_byte)
{
	int fd = dial();
	json_t *reply;

	for (const char *p = ASK "\n"; *p != '\0'; p++) {
		put_bytes(fd, p, 1);
		event_base_loop(loop_base(host_loop(host)), EVLOOP_NONBLOCK);
	}
	reply = get_object(fd);
	ck_assert_int_eq(code_of(reply), 0);
	json_decref(reply);
	close(fd);
}
END_TEST

START_TEST(invalid_requests_get_the_standard_errors)
{
	static const struct {
		const char *line;
		int code;
	} wrong[] = {
		{"{", COMMAND_PARSE},
		{"nonsense", COMMAND_PARSE},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"version\"}", COMMAND_PARSE},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"} {}", COMMAND_PARSE},
		{"\"\xff\xfe\"", COMMAND_PARSE},
		{"\xc3\xa4\xc3\xa4\xc3\xa4 \xf0\x9f\x90\xa7", COMMAND_PARSE},
		{"[\"a\\u0000b\"]", COMMAND_PARSE},
		{"[" ASK "," ASK "]", COMMAND_INVALID},
		{"[]", COMMAND_INVALID},
		{"{}", COMMAND_INVALID},
		{"{\"id\":1,\"method\":\"version\"}", COMMAND_INVALID},
		{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"version\"}", COMMAND_INVALID},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", COMMAND_INVALID},
		{"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"version\"}", COMMAND_INVALID},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"explode\"}", COMMAND_NO_METHOD},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"help\"}", COMMAND_NO_METHOD},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":[\"/\"]}",
			COMMAND_PARAMS},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\",\"params\":{\"pointer\":1}}",
			COMMAND_PARAMS},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\",\"params\":{\"pointer\":\"x\"}"
		 "}",
			COMMAND_PARAMS},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"pointer\":\"/"
		 "no\"}}",
			COMMAND_NOT_FOUND},
	};
	int fd = dial();

	for (size_t i = 0; i < COUNT(wrong); i++) {
		ck_assert_msg(ask(fd, wrong[i].line) == wrong[i].code, "%s", wrong[i].line);
		/* there is one reply and not two: the next one belongs to the next request */
		ck_assert_int_eq(ask(fd, ASK), 0);
	}
	close(fd);
}
END_TEST

START_TEST(a_reply_has_the_id_of_its_request)
{
	static const char *const ids[] = {"7", "\"seven\"", "-1.5", "null"};
	int fd = dial();
	char line[128];
	json_t *reply, *id;

	for (size_t i = 0; i < COUNT(ids); i++) {
		for (int known = 0; known < 2; known++) {
			snprintf(line, sizeof(line),
				"{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"%s\"}\n", ids[i],
				known ? "version" : "explode");
			put(fd, line);
			reply = get_object(fd);
			id = json_loads(ids[i], JSON_DECODE_ANY, NULL);
			ck_assert_int_eq(code_of(reply), known ? 0 : COMMAND_NO_METHOD);
			ck_assert(json_equal(json_object_get(reply, "id"), id));
			json_decref(id);
			json_decref(reply);
		}
	}
	close(fd);
}
END_TEST

START_TEST(nesting_has_a_limit)
{
	char line[8192];
	int fd = dial();

	for (int depth = 1; depth < 3000; depth = depth * 3 / 2 + 1) {
		int n = snprintf(line, sizeof(line),
			"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\",\"x\":");

		memset(line + n, '[', (size_t)depth);
		memset(line + n + depth, ']', (size_t)depth);
		strcpy(line + n + 2 * depth, "}");
		/* the object is the first level; the limit of jansson is 2048 */
		ck_assert_int_eq(ask(fd, line), depth < 16     ? 0
						: depth < 2047 ? COMMAND_INVALID
							       : COMMAND_PARSE);
	}
	close(fd);
}
END_TEST

/* Returns a request with this number of bytes. */
static char *long_request(size_t length)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\",\"x\":\"";
	char *line = malloc(length + 1);

	memset(line, 'x', length);
	memcpy(line, head, sizeof(head) - 1);
	strcpy(line + length - 2, "\"}");
	return line;
}

START_TEST(a_line_may_be_64_kib_long)
{
	char *fits = long_request(65536), *too_long = long_request(65537);
	int fd = dial(), with_end = dial(), without_end = dial();
	json_t *reply;

	ck_assert_int_eq(ask(fd, fits), 0);
	ck_assert_int_eq(ask(fd, fits), 0);
	ck_assert_int_eq(ask(with_end, too_long), COMMAND_INVALID);
	ck_assert(closes(with_end));
	put(without_end, too_long); /* the server does not wait for the end of this line */
	reply = get_object(without_end);
	ck_assert_int_eq(code_of(reply), COMMAND_INVALID);
	ck_assert(closes(without_end));
	ck_assert_int_eq(ask(fd, ASK), 0);
	json_decref(reply);
	free(fits);
	free(too_long);
	close(fd);
	close(with_end);
	close(without_end);
}
END_TEST

START_TEST(a_client_that_has_stopped_sending_still_gets_its_replies)
{
	int fd = dial(), silent = dial(), cut = dial();
	json_t *reply;

	for (int i = 0; i < 200; i++)
		put(fd, ASK "\n");
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 200; i++) {
		reply = get_object(fd);
		ck_assert_int_eq(code_of(reply), 0);
		json_decref(reply);
	}
	ck_assert_ptr_null(get_line(fd));
	shutdown(silent, SHUT_WR);
	ck_assert_ptr_null(get_line(silent));
	put(cut, "{\"jsonrpc\"");
	shutdown(cut, SHUT_WR);
	reply = get_object(cut);
	ck_assert_int_eq(code_of(reply), COMMAND_PARSE);
	json_decref(reply);
	ck_assert_ptr_null(get_line(cut));
	close(fd);
	close(silent);
	close(cut);
}
END_TEST

START_TEST(an_empty_array_of_params_is_no_params)
{
	static const char watch[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\",\"params\":[]}";
	static const char version[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\",\"params\":[]}";
	static const char wrong[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\",\"params\":[1]}";
	int fd = dial();

	ck_assert_int_eq(ask(fd, watch), 0);
	ck_assert_int_eq(ask(fd, version), 0);
	ck_assert_int_eq(ask(fd, wrong), COMMAND_PARAMS);
	close(fd);
}
END_TEST

/* As `printf '...' | socat - UNIX-CONNECT:...` sends it. */
START_TEST(the_last_line_before_a_half_close_needs_no_newline)
{
	static const char *const lines[] = {ASK, ASK "\r", "\n" ASK, ASK "\n" ASK, ASK "\n\n" ASK};
	static const int answers[] = {1, 1, 1, 2, 2};
	json_t *reply;
	int fd;

	for (size_t i = 0; i < COUNT(lines); i++) {
		for (int apart = 0; apart < 2; apart++) {
			fd = dial();
			put(fd, lines[i]);
			for (int n = 0; apart && n < 3; n++)
				turn();
			shutdown(fd, SHUT_WR);
			for (int n = 0; n < answers[i]; n++) {
				reply = get_object(fd);
				ck_assert_int_eq(code_of(reply), 0);
				json_decref(reply);
			}
			ck_assert_ptr_null(get_line(fd));
			close(fd);
		}
	}
}
END_TEST

/* Also if its reply, or the reply to the line before it, takes many turns of the loop. */
START_TEST(a_long_reply_to_the_last_line_is_complete)
{
	static const char get[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\"}";
	json_t *reply;
	int fd = dial();

	put(fd, get);
	put(fd, "\n");
	put(fd, get);
	shutdown(fd, SHUT_WR);
	for (int n = 0; n < 2; n++) {
		reply = get_object(fd);
		ck_assert_ptr_nonnull(json_object_get(json_object_get(reply, "result"), "vigil"));
		json_decref(reply);
	}
	ck_assert_ptr_null(get_line(fd));
	close(fd);
}
END_TEST

START_TEST(an_incomplete_request_times_out)
{
	int idle = dial(), begun = dial(), trickle = dial(), after = dial();
	uint64_t began, until, sent = 0;
	char byte;

	turn();
	began = clock_now();
	put(begun, "{\"jsonrpc\"");
	/* complete requests before it do not extend the time */
	ck_assert_int_eq(ask(after, ASK), 0);
	put(after, ASK "\n{\"jsonrpc\"");
	free(get_line(after));
	/* and neither do more of its bytes */
	until = clock_now() + PATIENCE;
	while (recv(trickle, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN) {
		ck_assert(clock_now() < until);
		if (clock_now() - sent > CLOCK_SECOND / 10) {
			sent = clock_now();
			(void)!send(trickle, "x", 1, MSG_NOSIGNAL);
		}
		turn();
	}
	ck_assert(clock_now() - began > 4 * CLOCK_SECOND);
	ck_assert(closes(begun));
	ck_assert(closes(after));
	ck_assert_int_eq(ask(idle, ASK), 0);
	close(idle);
	close(begun);
	close(trickle);
	close(after);
}
END_TEST

/* --- watching --------------------------------------------------------------------------------- */

static void expect_change(int fd, const char *pointer, json_t *value)
{
	json_t *change = get_object(fd), *params = json_object_get(change, "params");

	ck_assert_str_eq(json_string_value(json_object_get(change, "method")), "changed");
	ck_assert_ptr_null(json_object_get(change, "id"));
	ck_assert_str_eq(json_string_value(json_object_get(params, "pointer")), pointer);
	ck_assert_int_eq(json_integer_value(json_object_get(params, "revision")),
		(json_int_t)state_revision(host_state(host)));
	ck_assert_int_eq(json_string_length(json_object_get(params, "time")), 24);
	ck_assert(json_equal(json_object_get(params, "value"), value));
	json_decref(value);
	json_decref(change);
}

START_TEST(a_watch_reports_changes_from_now_on)
{
	struct state *state = host_state(host);
	int all = dial(), one = dial();

	state_set(state, "/daemons/a/x", json_integer(1));
	ck_assert_int_eq(ask(all, WATCH_ALL), 0);
	ck_assert_int_eq(ask(one, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\","
				  "\"params\":{\"pointer\":\"/daemons/a\"}}"),
		0);
	state_set(state, "/daemons/a/x", json_integer(2));
	expect_change(all, "/daemons/a/x", json_integer(2));
	expect_change(one, "/daemons/a/x", json_integer(2));
	state_set(state, "/daemons/a/x", json_integer(2)); /* no change */
	state_set(state, "/daemons/b", json_string("b"));
	expect_change(all, "/daemons/b", json_string("b"));
	state_unset(state, "/daemons/a/x");
	expect_change(all, "/daemons/a/x", json_null());
	expect_change(one, "/daemons/a/x", json_null());
	/* requests are answered during a watch */
	ck_assert_int_eq(ask(one, ASK), 0);
	ck_assert(is_open(all) && is_open(one));
	close(one);
	for (int i = 0; i < 5; i++)
		turn();
	state_set(state, "/daemons/a/x", json_integer(3)); /* no connection watches */
	expect_change(all, "/daemons/a/x", json_integer(3));
	close(all);
}
END_TEST

START_TEST(the_watches_of_a_connection_are_limited)
{
	int fd = dial(), made = 0, code = 0;

	while (made < 1000 && (code = ask(fd, WATCH_ALL)) == 0)
		made++;
	ck_assert_int_eq(made, CONN_WATCHES_MAX);
	ck_assert_int_eq(code, COMMAND_BUSY);
	ck_assert_int_eq(ask(fd, ASK), 0);
	close(fd);
}
END_TEST

/* --- clients that do not read ----------------------------------------------------------------- */

START_TEST(a_long_reply_arrives_completely)
{
	int fd = dial();
	json_t *reply;

	state_set(host_state(host), "/daemons/a", big_text(5 * 1000 * 1000));
	put(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\","
		"\"params\":{\"pointer\":\"/daemons/a\"}}\n");
	reply = get_object(fd);
	ck_assert_uint_eq(json_string_length(json_object_get(reply, "result")), 5 * 1000 * 1000);
	json_decref(reply);
	ck_assert_int_eq(ask(fd, ASK), 0);
	close(fd);
}
END_TEST

START_TEST(a_client_that_does_not_read_is_closed)
{
	struct state *state = host_state(host);
	int watcher = dial(), asker = dial(), other = dial();
	unsigned writes, before;

	ck_assert_int_eq(ask(watcher, WATCH_ALL), 0);
	for (writes = 0; writes < 1000; writes++) {
		json_t *text = big_text(16000);

		state_set(state, "/daemons/a", json_pack("[i,o]", (int)writes, text));
		turn();
	}
	for (before = 0; before < 200; before++)
		put(asker, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\","
			   "\"params\":{\"pointer\":\"/daemons/a\"}}\n");
	for (int i = 0; i < 20; i++)
		turn();
	ck_assert_int_eq(ask(other, ASK), 0);
	/* data in the kernel's buffer arrives, data beyond the 1 MiB buffer of vigild does not */
	for (writes = 0;; writes++) {
		char *line = get_line(watcher);

		if (line == NULL)
			break;
		free(line);
	}
	ck_assert_uint_ge(writes, 1);
	ck_assert_uint_lt(writes, 500);
	for (before = 0;; before++) {
		char *line = get_line(asker);

		if (line == NULL)
			break;
		free(line);
	}
	ck_assert_uint_lt(before, 200);
	close(watcher);
	close(asker);
	close(other);
}
END_TEST

SUITE("control_conn", setup, teardown)
{
	TIMEOUT(300);
	TEST(requests_are_answered_in_order);
	TEST(a_request_may_come_byte_by_byte);
	TEST(invalid_requests_get_the_standard_errors);
	TEST(a_reply_has_the_id_of_its_request);
	TEST(nesting_has_a_limit);
	TEST(a_line_may_be_64_kib_long);
	TEST(a_client_that_has_stopped_sending_still_gets_its_replies);
	TEST(an_empty_array_of_params_is_no_params);
	TEST(the_last_line_before_a_half_close_needs_no_newline);
	TEST(a_long_reply_to_the_last_line_is_complete);
	TEST(an_incomplete_request_times_out);
	TEST(a_watch_reports_changes_from_now_on);
	TEST(the_watches_of_a_connection_are_limited);
	TEST(a_long_reply_arrives_completely);
	TEST(a_client_that_does_not_read_is_closed);
}
