/*
 * control: the socket as clients meet it, good ones and bad ones.
 *
 * A host with no daemons runs in a process of its own, as vigild would; the test is the client.
 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "control.h"
#include "host.h"
#include "log.h"
#include "loop.h"
#include "state.h"

#define PATIENCE 20000 /* ms; generous, since nothing here measures time */

static char dir[64], path[128], conf[128];
static pid_t server;

/* --- the server ----------------------------------------------------------------------------- */

static void on_beat(uint64_t missed, void *arg)
{
	static json_int_t beats;

	state_set(arg, "/daemons/beat", json_integer(++beats));
}

/* Runs until it is killed; says on the pipe that it is ready. */
static void serve(int ready)
{
	struct complaints complaints = {0};
	struct host *host = host_new(conf, &complaints);
	struct control *control = host != NULL ? control_open(host) : NULL;

	if (control == NULL)
		_exit(1);
	signal(SIGPIPE, SIG_IGN); /* as vigild does */
	host_start(host);
	loop_every(host_loop(host), 50000000, 0, on_beat, host_state(host));
	if (write(ready, "", 1) != 1)
		_exit(1);
	loop_run(host_loop(host));
	_exit(0);
}

static void setup(void)
{
	int ready[2];
	char byte;
	FILE *file;

	strcpy(dir, "/tmp/check_control.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	snprintf(conf, sizeof(conf), "%s/vigil.conf", dir);
	file = fopen(conf, "w");
	fprintf(file,
		"[vigil]\nmodules = %s\nsocket = %s\npipe = %s/pipe\nstate_dir = %s\n"
		"group = nosuchgroup\nlog_level = error\n",
		dir, path, dir, dir);
	fclose(file);
	ck_assert_int_eq(pipe(ready), 0);
	server = fork();
	if (server == 0)
		serve(ready[1]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

static void teardown(void)
{
	char command[128];

	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* --- the client -------------------------------------------------------------------------------- */

struct client {
	int fd;
	char buffer[512 * 1024];
	size_t length;
};

static struct client *dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct client *c = calloc(1, sizeof(*c));

	strcpy(address.sun_path, path);
	c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return c;
}

static void hang_up(struct client *c)
{
	close(c->fd);
	free(c);
}

static void say(struct client *c, const char *text)
{
	ck_assert_int_eq(send(c->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* The next line as JSON; NULL when the server has closed the connection. */
static json_t *hear(struct client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	json_t *object;
	char *end;
	ssize_t n;

	while ((end = memchr(c->buffer, '\n', c->length)) == NULL) {
		ck_assert_msg(poll(&p, 1, PATIENCE) == 1, "no answer");
		n = recv(c->fd, c->buffer + c->length, sizeof(c->buffer) - c->length, 0);
		if (n <= 0)
			return NULL;
		c->length += (size_t)n;
	}
	object = json_loadb(c->buffer, (size_t)(end - c->buffer), 0, NULL);
	ck_assert_ptr_nonnull(object);
	c->length -= (size_t)(end + 1 - c->buffer);
	memmove(c->buffer, end + 1, c->length);
	return object;
}

static bool is_quiet(struct client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	return c->length == 0 && poll(&p, 1, 200) == 0;
}

static void expect_error(struct client *c, int code)
{
	json_t *reply = hear(c);

	ck_assert_ptr_nonnull(reply);
	ck_assert_int_eq(
		json_integer_value(json_object_get(json_object_get(reply, "error"), "code")), code);
	ck_assert_ptr_null(json_object_get(reply, "result"));
	json_decref(reply);
}

static void expect_id(struct client *c, const char *id)
{
	json_t *reply = hear(c);
	char *text = json_dumps(json_object_get(reply, "id"), JSON_ENCODE_ANY);

	ck_assert_str_eq(text, id);
	ck_assert_ptr_nonnull(json_object_get(reply, "result"));
	free(text);
	json_decref(reply);
}

#define ASK "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"}\n"

/* --- requests --------------------------------------------------------------------------------------- */

START_TEST(ids_come_back_as_they_were)
{
	struct client *c = dial();

	say(c, ASK);
	expect_id(c, "1");
	say(c, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"version\",\"params\":{}}\r\n");
	expect_id(c, "\"x\"");
	say(c, "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"version\"}\n");
	expect_id(c, "null");
	hang_up(c);
}
END_TEST

START_TEST(a_notification_gets_no_reply)
{
	struct client *c = dial();

	say(c, "{\"jsonrpc\":\"2.0\",\"method\":\"version\"}\n");
	say(c, "{\"jsonrpc\":\"2.0\",\"method\":\"nonsense\"}\n");
	say(c, "\n");
	ck_assert(is_quiet(c));
	say(c, ASK);
	expect_id(c, "1");
	hang_up(c);
}
END_TEST

static const struct {
	const char *line;
	int code;
} wrong[] = {
	{"nonsense\n", -32700},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"version\"}\n", -32700},
	{"[" ASK, -32700},
	{"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"}]\n", -32600},
	{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"version\"}\n", -32600},
	{"{\"jsonrpc\":\"2.0\",\"id\":1}\n", -32600},
	{"{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"version\"}\n", -32600},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\",\"params\":[[[[[[[[[[[[[[[[[1]]]]]]]"
	 "]]]]]]]]]]}\n",
		-32600},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nonsense\"}\n", -32601},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"help\"}\n", -32601},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":[]}\n", -32602},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"pointer\":1}}\n", -32602},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"nonsense\":1}}\n", -32602},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"pointer\":\"x\"}}\n",
		-32602},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\",\"params\":{\"pointer\":\"x\"}}\n",
		-32602},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"run\"}\n", -32602},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"run\",\"params\":{\"name\":\"x\"}}\n", -32001},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"pointer\":\"/x\"}}\n",
		-32001},
};

START_TEST(what_is_wrong_is_said_by_its_code)
{
	struct client *c = dial();

	say(c, wrong[_i].line);
	expect_error(c, wrong[_i].code);
	say(c, ASK); /* and the connection lives on */
	expect_id(c, "1");
	hang_up(c);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	struct client *c = dial();
	char line[128], id[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line),
			"{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"version\"}\n", i);
		say(c, line);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		expect_id(c, id);
	}
	hang_up(c);
}
END_TEST

START_TEST(a_half_closed_client_still_gets_its_answers)
{
	struct client *c = dial();

	say(c, ASK ASK);
	shutdown(c->fd, SHUT_WR);
	expect_id(c, "1");
	expect_id(c, "1");
	ck_assert_ptr_null(hear(c)); /* then it is closed */
	hang_up(c);
}
END_TEST

START_TEST(a_watch_tells_of_changes)
{
	struct client *c = dial();
	json_t *message, *change;
	json_int_t before = 0;
	bool answered;

	say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\",\"params\":{\"pointer\":\"/"
	       "daemons\"}}\n");
	expect_id(c, "1");
	for (int i = 0; i < 3; i++) {
		message = hear(c);
		change = json_object_get(message, "params");
		ck_assert_str_eq(
			json_string_value(json_object_get(change, "pointer")), "/daemons/beat");
		ck_assert_int_gt(json_integer_value(json_object_get(change, "revision")), before);
		ck_assert(json_is_integer(json_object_get(change, "value")));
		ck_assert(json_is_string(json_object_get(change, "time")));
		before = json_integer_value(json_object_get(change, "revision"));
		json_decref(message);
	}
	say(c, ASK); /* other requests may be made beside it */
	do {
		message = hear(c);
		answered = json_object_get(message, "id") != NULL;
		ck_assert(answered || json_object_get(message, "method") != NULL);
		json_decref(message);
	} while (!answered);
	hang_up(c);
}
END_TEST

/* --- limits ------------------------------------------------------------------------------------------- */

START_TEST(an_endless_line_is_ended)
{
	struct client *c = dial();
	char *junk = malloc(80 * 1024);

	memset(junk, 'x', 80 * 1024);
	(void)!send(c->fd, junk, 80 * 1024, MSG_NOSIGNAL);
	expect_error(c, -32600);
	ck_assert_ptr_null(hear(c));
	free(junk);
	hang_up(c);
}
END_TEST

START_TEST(a_line_begun_and_not_ended_is_closed)
{
	struct client *slow = dial(), *idle = dial();

	say(slow, "{\"jsonrpc\":");
	ck_assert_ptr_null(hear(slow)); /* after its 5 seconds */
	say(idle, ASK);                 /* one that is merely idle is not */
	expect_id(idle, "1");
	hang_up(slow);
	hang_up(idle);
}
END_TEST

START_TEST(a_deaf_client_is_closed)
{
	struct client *c = dial();
	ssize_t n = 1;

	/* Asks and asks and never reads: sending fails once the other side is closed. */
	for (int i = 0; i < 2000000 && n > 0; i++)
		n = send(c->fd, ASK, strlen(ASK), MSG_NOSIGNAL);
	ck_assert_int_lt(n, 0);
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	hang_up(c);
	c = dial();
	say(c, ASK);
	expect_id(c, "1");
	hang_up(c);
}
END_TEST

START_TEST(the_longest_idle_makes_room)
{
	struct client *clients[64], *newcomer;

	for (int i = 0; i < 64; i++) {
		clients[i] = dial();
		say(clients[i], ASK);
		expect_id(clients[i], "1");
	}
	newcomer = dial();
	say(newcomer, ASK);
	expect_id(newcomer, "1");
	ck_assert_ptr_null(hear(clients[0])); /* the first has been idle longest */
	say(clients[63], ASK);
	expect_id(clients[63], "1");
	for (int i = 0; i < 64; i++)
		hang_up(clients[i]);
	hang_up(newcomer);
}
END_TEST

START_TEST(where_all_are_busy_a_newcomer_is_told_so)
{
	struct client *clients[64], *newcomer;

	for (int i = 0; i < 64; i++) {
		clients[i] = dial();
		say(clients[i], "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\",\"params\":{"
				"\"pointer\":\"/x\"}}\n");
		expect_id(clients[i], "1");
	}
	newcomer = dial();
	expect_error(newcomer, -32004);
	ck_assert_ptr_null(hear(newcomer));
	hang_up(newcomer);
	hang_up(clients[5]);
	newcomer = dial();
	say(newcomer, ASK);
	expect_id(newcomer, "1");
	hang_up(newcomer);
	for (int i = 0; i < 64; i++)
		if (i != 5)
			hang_up(clients[i]);
}
END_TEST

START_TEST(many_come_and_go)
{
	struct client *c;
	char listing[64];
	int before = -1, after = -1;

	snprintf(listing, sizeof(listing), "ls /proc/%d/fd | wc -l", server);
	for (int i = 0; i < 2000; i++) {
		FILE *p;

		c = dial();
		if (i % 3 == 0)
			say(c, ASK);
		if (i % 3 == 1)
			say(c, "{\"jso");
		hang_up(c);
		if (i != 100 && i != 1999)
			continue;
		c = dial(); /* answered after all before it */
		say(c, ASK);
		expect_id(c, "1");
		hang_up(c);
		p = popen(listing, "r");
		ck_assert_int_eq(fscanf(p, "%d", i == 100 ? &before : &after), 1);
		pclose(p);
	}
	ck_assert_int_le(after, before + 3);
}
END_TEST

/* --- the door itself ----------------------------------------------------------------------------------- */

START_TEST(nobody_else_may_even_connect)
{
	struct stat st;
	char pipe_path[128];

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	snprintf(pipe_path, sizeof(pipe_path), "%s/pipe", dir);
	ck_assert_int_eq(stat(pipe_path, &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

static int second_server(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int null[2];

		if (pipe(null) < 0)
			_exit(2);
		signal(SIGALRM, SIG_DFL); /* check has a handler of its own */
		alarm(2);                 /* where it starts it would serve for ever */
		serve(null[1]);
	}
	waitpid(pid, &status, 0);
	return status;
}

START_TEST(a_living_socket_is_respected_and_a_dead_one_removed)
{
	int status = second_server();

	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	ck_assert_int_eq(access(path, F_OK), 0); /* left behind */
	status = second_server();
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	server = 0;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control");
	TCase *tcase = tcase_create("control");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, ids_come_back_as_they_were);
	tcase_add_test(tcase, a_notification_gets_no_reply);
	tcase_add_loop_test(
		tcase, what_is_wrong_is_said_by_its_code, 0, (int)(sizeof(wrong) / sizeof(*wrong)));
	tcase_add_test(tcase, pipelined_requests_are_answered_in_order);
	tcase_add_test(tcase, a_half_closed_client_still_gets_its_answers);
	tcase_add_test(tcase, a_watch_tells_of_changes);
	tcase_add_test(tcase, an_endless_line_is_ended);
	tcase_add_test(tcase, a_line_begun_and_not_ended_is_closed);
	tcase_add_test(tcase, a_deaf_client_is_closed);
	tcase_add_test(tcase, the_longest_idle_makes_room);
	tcase_add_test(tcase, where_all_are_busy_a_newcomer_is_told_so);
	tcase_add_test(tcase, many_come_and_go);
	tcase_add_test(tcase, nobody_else_may_even_connect);
	tcase_add_test(tcase, a_living_socket_is_respected_and_a_dead_one_removed);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
