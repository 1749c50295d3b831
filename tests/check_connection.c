/*
 * check_connection: the console's connection, with this test in the place of vigild. The replies of
 * vigild are sent while the console waits, so that one thread is enough.
 */
#include "console/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "suite.h"

static struct connection *connection;
static int vigild;
static char notices[1024], changes[1024];
/* The text that vigild sends at each wait; NULL: the wait ends with wait_error. */
static const char *script[8];
static unsigned next;
static int wait_error;

static void put(const char *text)
{
	ck_assert_int_eq(send(vigild, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static int on_wait(int fd, uint64_t deadline, void *arg)
{
	ck_assert_ptr_eq(arg, notices);
	ck_assert_uint_lt(next, COUNT(script));
	if (script[next] == NULL) {
		next++;
		return wait_error;
	}
	put(script[next++]);
	return 0;
}

static void on_notice(const char *line, void *arg)
{
	strcat(strcat(notices, line), "\n");
}

static void on_change(json_t *change, void *arg)
{
	char text[64];

	snprintf(text, sizeof(text), "%d ",
		(int)json_integer_value(json_object_get(change, "revision")));
	strcat(changes, text);
}

static void setup(void)
{
	int ends[2];

	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	vigild = ends[0];
	notices[0] = changes[0] = '\0';
	memset(script, 0, sizeof(script));
	next = 0;
	wait_error = -EINTR;
	connection = connection_new(&(struct connection_spec){.fd = ends[1],
		.wait = on_wait,
		.on_notice = on_notice,
		.on_change = on_change,
		.arg = notices});
}

static void teardown(void)
{
	connection_free(connection);
	close(vigild);
}

static int run(const char *name, struct command_reply *reply)
{
	struct verb verb = {.command = command_find(name), .params = json_object()};

	*reply = (struct command_reply){0};
	connection_run(connection, &verb, reply);
	verb_clear(&verb);
	return reply->code;
}

/* Returns the text that the console has sent since the last call. */
static const char *requests(void)
{
	static char text[4096];
	ssize_t n = recv(vigild, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(the_reply_is_found_among_other_lines)
{
	struct command_reply reply;

	script[0] = "{\"method\":\"log\",\"params\":{\"time\":\"T\",\"level\":\"info\",\"text\":"
		    "\"a\"}}\n{\"id\":";
	script[1] = "1,\"result\":\"yes\"}\n";
	ck_assert_int_eq(run("get", &reply), 0);
	ck_assert_str_eq(json_string_value(reply.result), "yes");
	ck_assert_str_eq(notices, "T info    a\n");
	command_reply_clear(&reply);
}
END_TEST

START_TEST(the_reply_to_an_interrupted_verb_is_dropped)
{
	struct command_reply reply;

	ck_assert_int_eq(run("get", &reply), 0);
	ck_assert_ptr_null(reply.result);
	next = 0;
	script[0] = "{\"id\":1,\"result\":\"late\"}\n";
	script[1] = "{\"id\":2,\"result\":\"right\"}\n";
	ck_assert_int_eq(run("get", &reply), 0);
	ck_assert_str_eq(json_string_value(reply.result), "right");
	ck_assert(!connection_ended(connection));
	command_reply_clear(&reply);
}
END_TEST

START_TEST(interrupting_a_watch_ends_it_in_vigild)
{
	struct command_reply reply;

	script[0] =
		"{\"id\":1,\"result\":{}}\n{\"method\":\"changed\",\"params\":{\"revision\":1}}\n";
	ck_assert_int_eq(run("watch", &reply), 0);
	ck_assert_ptr_null(reply.result);
	ck_assert_ptr_nonnull(strstr(requests(), "\"unwatch\""));
	put("{\"method\":\"changed\",\"params\":{\"revision\":2}}\n");
	connection_read(connection);
	ck_assert_str_eq(changes, "1 ");
}
END_TEST

START_TEST(a_watch_that_is_refused_ends)
{
	struct command_reply reply;

	script[0] = "{\"id\":1,\"error\":{\"code\":-32002,\"message\":\"permission denied\"}}\n";
	ck_assert_int_eq(run("watch", &reply), COMMAND_DENIED);
	ck_assert_str_eq(reply.message, "permission denied");
	command_reply_clear(&reply);
}
END_TEST

START_TEST(a_vigild_that_does_not_answer_is_reported)
{
	struct command_reply reply;

	wait_error = -ETIMEDOUT;
	ck_assert_int_ne(run("get", &reply), 0);
	ck_assert_ptr_nonnull(strstr(reply.message, "no answer from vigild"));
	ck_assert(!connection_ended(connection));
}
END_TEST

START_TEST(a_lost_connection_is_reported)
{
	struct command_reply reply;

	shutdown(vigild, SHUT_WR);
	ck_assert_int_ne(run("get", &reply), 0);
	ck_assert(connection_ended(connection));
	ck_assert_int_eq(connection_fd(connection), -1);
	ck_assert_ptr_null(connection_ask(connection, "list", json_object()));
}
END_TEST

START_TEST(completion_sends_requests_and_prints_log_lines)
{
	json_t *rows;

	script[0] = "{\"method\":\"lost\",\"params\":{\"lines\":3}}\n{\"id\":1,\"result\":[1,2]}\n";
	rows = connection_ask(connection, "list", json_object());
	ck_assert_uint_eq(json_array_size(rows), 2);
	json_decref(rows);
	ck_assert_ptr_nonnull(strstr(notices, "(3 lines were lost"));
	/* an error is not a result */
	script[1] = "{\"id\":2,\"error\":{\"code\":-1,\"message\":\"no\"}}\n";
	ck_assert_ptr_null(connection_ask(connection, "list", json_object()));
}
END_TEST

START_TEST(an_invalid_reply_is_reported)
{
	struct command_reply reply;

	script[0] = "nonsense\n";
	ck_assert_int_ne(run("get", &reply), 0);
	ck_assert_ptr_nonnull(strstr(reply.message, "not JSON"));
}
END_TEST

SUITE("connection", setup, teardown)
{
	TEST(the_reply_is_found_among_other_lines);
	TEST(the_reply_to_an_interrupted_verb_is_dropped);
	TEST(interrupting_a_watch_ends_it_in_vigild);
	TEST(a_watch_that_is_refused_ends);
	TEST(a_vigild_that_does_not_answer_is_reported);
	TEST(a_lost_connection_is_reported);
	TEST(completion_sends_requests_and_prints_log_lines);
	TEST(an_invalid_reply_is_reported);
}
