/*
 * check_client: what a client makes of a peer that lies, dawdles or goes away.
 *
 * The peer is a bare socket: vigild itself cannot be made to do these things.  What it says is
 * written before it is asked, so one thread is enough.
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

START_TEST(only_its_own_reply_is_taken)
{
	json_t *reply;

	ck_assert_ptr_null(call(0.05));
	ck_assert_int_eq(errno, ETIMEDOUT);
	/* the late reply to the first, a notification, then what was asked for */
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

START_TEST(notifications_come_one_by_one)
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

START_TEST(no_wait_is_without_end)
{
	uint64_t began = clock_now();
	char *huge = malloc(4 * 1000 * 1000);
	json_t *params;

	ck_assert_ptr_null(call(0.2)); /* it says nothing */
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert(clock_now() - began >= CLOCK_SECOND / 5 - 2 * CLOCK_MS);
	say("{\"jsonrpc\":\"2.0\""); /* it does not finish */
	ck_assert_ptr_null(call(0.05));
	ck_assert_int_eq(errno, ETIMEDOUT);
	/* it does not read */
	memset(huge, 'x', 4 * 1000 * 1000 - 1);
	huge[4 * 1000 * 1000 - 1] = '\0';
	params = json_pack("{s:s}", "pointer", huge);
	ck_assert_ptr_null(client_call(client, "get", params, 0.05));
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert(clock_now() - began < 60 * CLOCK_SECOND);
	free(huge);
}
END_TEST

START_TEST(one_that_goes_away_is_noticed)
{
	json_t *reply;

	/* what it said before it went is still read */
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

START_TEST(what_is_not_json_is_no_reply)
{
	say("HTTP/1.1 400 Bad Request\r\n");
	ck_assert_ptr_null(call(60));
	ck_assert_int_eq(errno, EPROTO);
	say("\n");
	ck_assert_ptr_null(call(60));
	ck_assert_int_eq(errno, EPROTO);
	say("[1,2]\n{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":3}\n"); /* JSON, but not for us */
	expect_result(3);
}
END_TEST

START_TEST(a_long_reply_in_pieces)
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

START_TEST(where_nobody_is_it_says_why)
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
	ck_assert_int_ge(fcntl(0, F_GETFD), 0); /* it has closed nothing of others */
	close(listener);
	ck_assert_ptr_null(client_open(scratch_path("sock")));
	ck_assert_int_eq(errno, ECONNREFUSED);
	listener = dup(peer);
	client_close(NULL);
}
END_TEST

START_TEST(a_full_backlog_is_waited_for_not_for_ever)
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

START_TEST(who_minds_a_prompt_waits_elsewhere)
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
	/* half a line is none */
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

START_TEST(replies_are_bounded_in_nesting)
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

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
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

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *result = client_parse(rows[i].result, strlen(rows[i].result));

		ck_assert_msg(verb_plugin_status(result) == rows[i].status, "%s", rows[i].result);
		json_decref(result);
	}
	ck_assert_int_eq(verb_plugin_status(NULL), 3);
}
END_TEST

/* A peer that never stops. */
START_TEST(replies_are_bounded_in_length)
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

int main(void)
{
	Suite *suite = suite_create("client");
	TCase *tcase = tcase_create("client");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_request_is_one_line_of_json_rpc);
	tcase_add_test(tcase, success_needs_a_result_and_no_error);
	tcase_add_test(tcase, a_check_without_a_status_is_unknown);
	tcase_add_test(tcase, replies_are_bounded_in_nesting);
	tcase_add_test(tcase, replies_are_bounded_in_length);
	tcase_add_test(tcase, only_its_own_reply_is_taken);
	tcase_add_test(tcase, notifications_come_one_by_one);
	tcase_add_test(tcase, no_wait_is_without_end);
	tcase_add_test(tcase, one_that_goes_away_is_noticed);
	tcase_add_test(tcase, what_is_not_json_is_no_reply);
	tcase_add_test(tcase, a_long_reply_in_pieces);
	tcase_add_test(tcase, where_nobody_is_it_says_why);
	tcase_add_test(tcase, a_full_backlog_is_waited_for_not_for_ever);
	tcase_add_test(tcase, who_minds_a_prompt_waits_elsewhere);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
