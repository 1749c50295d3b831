/*
 * check_client: the client library with a server that lies, is slow or closes the connection. The
 * server is a plain socket, because vigild cannot be made to do these things. Its replies are
 * written before the client asks, so that one thread is enough.
 */
#include "client/client.h"
#include "client/verb.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "scratch.h"
#include "suite.h"

static int listener, peer;
static struct client *client;

static void setup(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	scratch_setup();
	strcpy(address.sun_path, scratch_path("sock"));
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	client = client_open(scratch_path("sock"));
	ck_assert_ptr_nonnull(client);
	peer = accept(listener, NULL, NULL);
	ck_assert_int_ge(peer, 0);
}

static void teardown(void)
{
	client_close(client);
	close(peer);
	close(listener);
	scratch_teardown();
}

static void say(const char *text)
{
	ck_assert_int_eq(write(peer, text, strlen(text)), (ssize_t)strlen(text));
}

static json_t *call(double seconds)
{
	errno = 0;
	return client_call(client, "get", json_pack("{s:s}", "pointer", "/a"), seconds);
}

static void expect_result(int value)
{
	json_t *reply = call(60);

	ck_assert_ptr_nonnull(reply);
	ck_assert_int_eq(json_integer_value(json_object_get(reply, "result")), value);
	json_decref(reply);
}

START_TEST(a_request_is_one_line_of_json_rpc)
{
	char line[256];
	json_t *request, *wanted;
	ssize_t n;

	say("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":5}\n");
	expect_result(5);
	n = read(peer, line, sizeof(line) - 1);
	ck_assert_int_gt(n, 0);
	line[n] = '\0';
	ck_assert_ptr_eq(strchr(line, '\n'), line + n - 1);
	request = json_loads(line, 0, NULL);
	wanted = json_pack("{s:s,s:i,s:s,s:{s:s}}", "jsonrpc", "2.0", "id", 1, "method", "get",
		"params", "pointer", "/a");
	ck_assert(json_equal(request, wanted));
	json_decref(request);
	json_decref(wanted);
}
END_TEST

START_TEST(only_the_reply_to_the_request_is_returned)
{
	json_t *reply;

	ck_assert_ptr_null(call(0.05));
	ck_assert_int_eq(errno, ETIMEDOUT);
	/* the late reply to the first request, a notification, then the expected reply */
	say("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}\n"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"changed\",\"params\":{}}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":2}\n");
	expect_result(2);
	say("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32004,\"message\":\"busy\"}}\n");
	reply = call(60);
	ck_assert_ptr_nonnull(json_object_get(reply, "error"));
	json_decref(reply);
}
END_TEST

START_TEST(notifications_are_returned_one_by_one)
{
	json_t *change;

	say("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"changed\",\"params\":{\"revision\":1}}\n"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"changed\",\"params\":{\"revision\":2}}\n");
	json_decref(call(60));
	for (int i = 1; i <= 2; i++) {
		change = client_next(client);
		ck_assert_int_eq(json_integer_value(json_object_get(
					 json_object_get(change, "params"), "revision")),
			i);
		json_decref(change);
	}
	shutdown(peer, SHUT_RDWR);
	ck_assert_ptr_null(client_next(client));
	ck_assert_int_eq(errno, EPIPE);
}
END_TEST

START_TEST(every_wait_has_a_timeout)
{
	uint64_t began = clock_now();
	char *huge = malloc(4 * 1000 * 1000);
	json_t *params;

	ck_assert_ptr_null(call(0.2)); /* the server sends nothing */
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert(clock_now() - began >= CLOCK_SECOND / 5 - 2 * CLOCK_MS);
	say("{\"jsonrpc\":\"2.0\""); /* the server sends half a reply */
	ck_assert_ptr_null(call(0.05));
	ck_assert_int_eq(errno, ETIMEDOUT);
	/* the server does not read */
	memset(huge, 'x', 4 * 1000 * 1000 - 1);
	huge[4 * 1000 * 1000 - 1] = '\0';
	params = json_pack("{s:s}", "pointer", huge);
	ck_assert_ptr_null(client_call(client, "get", params, 0.05));
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert(clock_now() - began < 60 * CLOCK_SECOND);
	free(huge);
}
END_TEST

START_TEST(a_closed_connection_is_reported)
{
	json_t *reply;

	/* data from before the close is still read */
	say("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32004}}\n");
	close(peer);
	reply = call(60);
	ck_assert_ptr_nonnull(json_object_get(reply, "error"));
	json_decref(reply);
	ck_assert_ptr_null(call(60));
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	peer = dup(listener);
}
END_TEST

START_TEST(an_invalid_reply_is_an_error)
{
	say("HTTP/1.1 400 Bad Request\r\n");
	ck_assert_ptr_null(call(60));
	ck_assert_int_eq(errno, EPROTO);
	say("\n");
	ck_assert_ptr_null(call(60));
	ck_assert_int_eq(errno, EPROTO);
	say("[1,2]\n{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":3}\n"); /* valid JSON, but no reply */
	expect_result(3);
}
END_TEST

START_TEST(a_long_reply_may_come_in_pieces)
{
	enum { LENGTH = 3 * 1000 * 1000 };
	char *text = malloc(LENGTH + 1);
	json_t *reply;
	pid_t pid = fork();

	memset(text, 'y', LENGTH);
	text[LENGTH] = '\0';
	if (pid == 0) {
		FILE *out = fdopen(dup(peer), "w");

		fprintf(out, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"%s\"}\n", text);
		fprintf(out, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":2}\n");
		_exit(fclose(out) == 0 ? 0 : 1);
	}
	reply = call(60);
	ck_assert_str_eq(json_string_value(json_object_get(reply, "result")), text);
	json_decref(reply);
	expect_result(2);
	free(text);
}
END_TEST

START_TEST(a_connection_that_fails_reports_the_reason)
{
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_ptr_null(client_open(scratch_path("none")));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(client_open(scratch_put("file", 0600, "x")));
	ck_assert_int_eq(errno, ECONNREFUSED);
	ck_assert_ptr_null(client_open(path));
	ck_assert_int_eq(errno, ENAMETOOLONG);
	ck_assert_int_ge(fcntl(0, F_GETFD), 0); /* the client closed no other descriptor */
	close(listener);
	ck_assert_ptr_null(client_open(scratch_path("sock")));
	ck_assert_int_eq(errno, ECONNREFUSED);
	listener = dup(peer);
	client_close(NULL);
}
END_TEST

START_TEST(a_full_backlog_is_waited_for_until_the_timeout)
{
	struct client *waiting[4] = {0};
	int i;

	for (i = 0; i < 4; i++) {
		waiting[i] = client_open(scratch_path("sock"));
		if (waiting[i] == NULL)
			break;
	}
	ck_assert_int_lt(i, 4);
	ck_assert_int_eq(errno, ETIMEDOUT);
	while (i-- > 0)
		client_close(waiting[i]);
}
END_TEST

START_TEST(client_take_does_not_wait)
{
	struct command_reply reply = {0};
	json_t *object;
	int id;

	ck_assert_ptr_null(client_take(client));
	ck_assert_int_eq(errno, EAGAIN);
	id = client_send(client, "get", json_object(), 60);
	ck_assert_int_gt(id, 0);
	ck_assert_int_gt(client_send(client, "get", NULL, 60), id);
	say("{\"jsonrpc\":\"2.0\",\"method\":\"changed\",\"params\":{}}\n{\"jsonrpc\":\"2.0\",");
	object = client_take(client);
	ck_assert_str_eq(json_string_value(json_object_get(object, "method")), "changed");
	json_decref(object);
	/* half a line is not a message */
	ck_assert_ptr_null(client_take(client));
	ck_assert_int_eq(errno, EAGAIN);
	say("\"id\":1,\"error\":{\"code\":-32003,\"message\":\"no\",\"data\":{\"complaints\":[]}}}"
	    "\n");
	object = client_take(client);
	ck_assert_int_eq(json_integer_value(json_object_get(object, "id")), id);
	client_read_reply(object, &reply);
	ck_assert_int_eq(reply.code, COMMAND_REFUSED);
	ck_assert_str_eq(reply.message, "no");
	ck_assert(json_is_array(json_object_get(reply.data, "complaints")));
	ck_assert_ptr_null(reply.result);
	json_decref(reply.data);
	json_decref(object);
	say("nonsense\n");
	ck_assert_ptr_null(client_take(client));
	ck_assert_int_eq(errno, EPROTO);
	close(peer);
	peer = -1;
	ck_assert_ptr_null(client_take(client));
	ck_assert(errno == EPIPE || errno == ECONNRESET);
}
END_TEST

START_TEST(the_nesting_of_replies_is_limited)
{
	char line[4096] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":";

	memset(line + strlen(line), '[', 63);
	memset(line + strlen(line), ']', 63);
	strcat(line, "}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":");
	memset(line + strlen(line), '[', 64);
	memset(line + strlen(line), ']', 64);
	strcat(line, "}\n[\n");
	say(line);
	json_decref(call(60));
	ck_assert_int_eq(errno, 0);
	ck_assert_ptr_null(call(60));
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_str_eq(client_error(errno), "the reply is nested deeper than 64 levels");
	ck_assert_ptr_null(call(60));
	ck_assert_int_eq(errno, EPROTO);
}
END_TEST

START_TEST(success_needs_a_result_and_no_error)
{
	static const struct {
		const char *line;
		int code;
	} rows[] = {
		{"{\"result\":null}", 0},
		{"{\"error\":{\"code\":-32001,\"message\":\"x\"}}", -32001},
		{"{\"error\":{\"message\":\"no code\"}}", COMMAND_INTERNAL},
		{"{\"error\":{\"code\":4294967296}}", COMMAND_INTERNAL},
		{"{\"error\":null,\"result\":1}", COMMAND_INTERNAL},
		{"{\"error\":{\"code\":5,\"message\":\"\"}}", 5},
		{"{}", COMMAND_INTERNAL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct command_reply reply = {0};
		json_t *object = client_parse(rows[i].line, strlen(rows[i].line));

		client_read_reply(object, &reply);
		ck_assert_msg(reply.code == rows[i].code, "%s: %d", rows[i].line, reply.code);
		ck_assert((reply.code == 0) == (reply.message[0] == '\0'));
		json_decref(reply.result);
		json_decref(reply.data);
		json_decref(object);
	}
}
END_TEST

START_TEST(a_check_without_a_status_is_unknown)
{
	static const struct {
		const char *result;
		int status;
	} rows[] = {{"{\"status\":0}", 0}, {"{\"status\":3}", 3}, {"{}", 3}, {"[]", 3},
		{"{\"status\":\"0\"}", 3}, {"{\"status\":-1}", 3}, {"{\"status\":4294967296}", 3}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *result = client_parse(rows[i].result, strlen(rows[i].result));

		ck_assert_msg(verb_plugin_status(result) == rows[i].status, "%s", rows[i].result);
		json_decref(result);
	}
	ck_assert_int_eq(verb_plugin_status(NULL), 3);
}
END_TEST

/* The server sends without end. */
START_TEST(the_length_of_replies_is_limited)
{
	static char bytes[1 << 20];
	pid_t pid = fork();

	if (pid == 0) {
		memset(bytes, 'x', sizeof(bytes));
		while (write(peer, bytes, sizeof(bytes)) > 0)
			continue;
		_exit(0);
	}
	ck_assert_ptr_null(call(60));
	ck_assert_int_eq(errno, EMSGSIZE);
	ck_assert_str_eq(client_error(errno), "the reply is larger than 256 MiB");
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

SUITE("client", setup, teardown)
{
	TIMEOUT(300);
	TEST(a_request_is_one_line_of_json_rpc);
	TEST(success_needs_a_result_and_no_error);
	TEST(a_check_without_a_status_is_unknown);
	TEST(the_nesting_of_replies_is_limited);
	TEST(the_length_of_replies_is_limited);
	TEST(only_the_reply_to_the_request_is_returned);
	TEST(notifications_are_returned_one_by_one);
	TEST(every_wait_has_a_timeout);
	TEST(a_closed_connection_is_reported);
	TEST(an_invalid_reply_is_an_error);
	TEST(a_long_reply_may_come_in_pieces);
	TEST(a_connection_that_fails_reports_the_reason);
	TEST(a_full_backlog_is_waited_for_until_the_timeout);
	TEST(client_take_does_not_wait);
}
