/*
 * check_console: vigil-console as a process, with a script on its standard input and this test in
 * the place of vigild. The system test console.sh tests it on a terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "scratch.h"
#include "suite.h"

#define PATIENCE (60 * CLOCK_SECOND)

static pid_t pid;
static int in, out, err, vigild; /* the test's ends of the pipes and of the socket */
static char said[2][1 << 18];    /* text on standard output and standard error */
static size_t said_length[2];
static char sent[1 << 17]; /* requests that the test has not yet returned */
static size_t sent_length;

/* Starts the console with `from` as its standard input, or with a pipe if `from` is -1. */
static void start(int from)
{
	const char *top = getenv("top_builddir");
	char program[512];
	int ins[2], outs[2], errs[2], ends[2];

	snprintf(program, sizeof(program), "%s/src/vigil-console", top != NULL ? top : ".");
	ck_assert_int_eq(pipe2(ins, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(outs, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(errs, O_CLOEXEC), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		dup2(from >= 0 ? from : ins[0], 0);
		dup2(outs[1], 1);
		dup2(errs[1], 2);
		dup2(ends[1], 100);
		execl(program, program, "-F", "100", "-o", "json", NULL);
		_exit(127);
	}
	close(ins[0]);
	close(outs[1]);
	close(errs[1]);
	close(ends[1]);
	in = ins[1];
	out = outs[0];
	err = errs[0];
	vigild = ends[0];
}

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	scratch_setup();
	memset(said, 0, sizeof(said));
	memset(said_length, 0, sizeof(said_length));
	sent_length = 0;
	start(-1);
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void teardown(void)
{
	shut(&in);
	shut(&out);
	shut(&err);
	shut(&vigild);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	scratch_teardown();
}

static void type(const char *text)
{
	ck_assert_int_eq(write(in, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads available data from all three descriptors. Returns false if none comes within `ms`. */
static bool turn(int ms, bool take_output)
{
	struct pollfd p[] = {{.fd = take_output ? out : -1, .events = POLLIN},
		{.fd = err, .events = POLLIN}, {.fd = vigild, .events = POLLIN}};
	ssize_t n;

	if (poll(p, 3, ms) <= 0)
		return false;
	for (int i = 0; i < 2; i++) {
		if (p[i].revents == 0)
			continue;
		n = read(p[i].fd, said[i] + said_length[i], sizeof(said[i]) - 1 - said_length[i]);
		if (n <= 0)
			shut(i == 0 ? &out : &err);
		else
			said_length[i] += (size_t)n;
	}
	if (p[2].revents != 0) {
		n = recv(vigild, sent + sent_length, sizeof(sent) - sent_length, 0);
		if (n <= 0)
			shut(&vigild);
		else
			sent_length += (size_t)n;
	}
	return true;
}

/* Returns the next request; NULL: none comes within `ms`. */
static json_t *request(int ms, bool take_output)
{
	uint64_t until = clock_now() + (uint64_t)ms * CLOCK_MS;
	char *end;
	json_t *object;

	while ((end = memchr(sent, '\n', sent_length)) == NULL) {
		if (clock_now() > until || vigild < 0)
			return NULL;
		turn(20, take_output);
	}
	object = json_loadb(sent, (size_t)(end - sent), 0, NULL);
	ck_assert_ptr_nonnull(object);
	sent_length -= (size_t)(end + 1 - sent);
	memmove(sent, end + 1, sent_length);
	return object;
}

static void send_line(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	size_t length = strlen(text);

	text[length] = '\n';
	ck_assert_int_eq(send(vigild, text, length + 1, MSG_NOSIGNAL), (ssize_t)(length + 1));
	free(text);
	json_decref(object);
}

static void answer(json_t *req, json_t *result)
{
	send_line(json_pack("{s:s,s:O,s:o}", "jsonrpc", "2.0", "id", json_object_get(req, "id"),
		"result", result));
	json_decref(req);
}

/* Waits for the next request, which must be a "get" of the pointer. */
static json_t *expect(const char *pointer)
{
	json_t *req = request(60000, true);

	ck_assert_ptr_nonnull(req);
	ck_assert_str_eq(json_string_value(json_object_get(req, "method")), "get");
	ck_assert_str_eq(
		json_string_value(json_object_get(json_object_get(req, "params"), "pointer")),
		pointer);
	return req;
}

static void serve(const char *pointer)
{
	answer(expect(pointer), json_string(pointer));
}

/* Waits until the output is this text. */
static void says(int which, const char *text)
{
	uint64_t until = clock_now() + PATIENCE;

	while (strcmp(said[which], text) != 0 && clock_now() < until)
		turn(20, true);
	ck_assert_str_eq(said[which], text);
}

/* Reads all output until the console exits, and returns its exit status. */
static int ends(void)
{
	int status;

	while (out >= 0 || err >= 0)
		ck_assert(turn(60000, true));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	pid = 0;
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(lines_are_executed_as_they_come)
{
	type("get /a\nge");
	serve("/a");
	says(0, "\"/a\"\n");
	ck_assert_ptr_null(request(50, true));
	type("t /b\n\n  # get /c\n\t\n get '/d e' \r\nget /f");
	serve("/b");
	serve("/d e");
	ck_assert_ptr_null(request(50, true));
	shut(&in);
	serve("/f");
	ck_assert_int_eq(ends(), 0);
	ck_assert_str_eq(said[0], "\"/a\"\n\"/b\"\n\"/d e\"\n\"/f\"\n");
	ck_assert_str_eq(said[1], "");
}
END_TEST

START_TEST(a_verb_is_answered_before_the_next_begins)
{
	json_t *first;

	type("get /a\nget -r /b\nquit\nget /c\n");
	first = expect("/a");
	ck_assert_ptr_null(request(50, true));
	answer(first, json_string("first"));
	answer(expect("/b"), json_string("second"));
	ck_assert_int_eq(ends(), 0);
	ck_assert_ptr_null(request(0, true));
	ck_assert_str_eq(said[0], "\"first\"\nsecond\n");
}
END_TEST

START_TEST(errors_are_reported_with_their_line)
{
	json_t *req;

	type("\nstauts\nrun\nget /a\nget /b\n");
	shut(&in);
	req = expect("/a");
	send_line(json_pack("{s:O,s:{s:i,s:s,s:{s:[s,s]}}}", "id", json_object_get(req, "id"),
		"error", "code", -32003, "message", "no, for once", "data", "complaints",
		"f:1: first", "f:2: \033second"));
	json_decref(req);
	serve("/b");
	ck_assert_int_eq(ends(), 1);
	ck_assert_str_eq(said[0], "\"/b\"\n");
	ck_assert_str_eq(said[1], "vigild: line 2: unknown verb \"stauts\"; did you mean "
				  "\"status\"?\nvigild: line 3: run requires NAME\nf:1: "
				  "first\nf:2: \\x1Bsecond\nvigild: line 4: no, for once\n");
}
END_TEST

START_TEST(an_invalid_line_is_not_executed)
{
	char *line = malloc(70000);

	ck_assert_int_eq(write(in, "get /a\0b\nget /c\n", 16), 16);
	serve("/c");
	says(1, "vigild: line 1: the line contains a NUL character\n");
	ck_assert_int_eq(fcntl(in, F_SETPIPE_SZ, 1 << 17), 1 << 17);
	memset(line, 'x', 70000);
	memcpy(line + 70000 - 8, "\nversion", 8);
	ck_assert_int_eq(write(in, line, 70000), 70000);
	free(line);
	/* the lines after an error are not executed */
	ck_assert_int_eq(ends(), 1);
	ck_assert_ptr_null(request(0, true));
	ck_assert_str_eq(said[1], "vigild: line 1: the line contains a NUL character\nvigild: line "
				  "3: the line is longer than 64 KiB; reading stops here\n");
}
END_TEST

START_TEST(a_file_is_executed_as_a_script)
{
	int file = open(scratch_put("script", 0600, "get /a\nget /b"), O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(file, 0);
	teardown();
	scratch_setup();
	start(file);
	close(file);
	serve("/a");
	serve("/b");
	ck_assert_int_eq(ends(), 0);
	ck_assert_str_eq(said[0], "\"/a\"\n\"/b\"\n");
}
END_TEST

START_TEST(a_slow_reader_slows_the_script_down)
{
	char text[3001];
	unsigned asked = 0;
	json_t *req;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(fcntl(out, F_SETPIPE_SZ, 4096), 4096);
	for (int i = 0; i < 20; i++)
		type("get /a\n");
	shut(&in);
	for (int ms = 60000; (req = request(ms, false)) != NULL; ms = 200) {
		answer(req, json_string(text));
		asked++;
	}
	/* the pipe holds one reply, and a part of the next one waits */
	ck_assert_uint_ge(asked, 1);
	ck_assert_uint_le(asked, 3);
	for (; asked < 20; asked++)
		answer(expect("/a"), json_string(text));
	ck_assert_int_eq(ends(), 0);
	ck_assert_uint_eq(said_length[0], 20 * 3003);
}
END_TEST

START_TEST(the_console_ends_when_its_output_is_closed)
{
	shut(&out);
	type("get /a\nget /b\nget /c\n");
	serve("/a");
	ck_assert_int_eq(ends(), 1);
	ck_assert_ptr_null(request(0, true));
}
END_TEST

START_TEST(notifications_of_vigild_are_printed)
{
	send_line(json_pack("{s:s,s:{s:s,s:s,s:s}}", "method", "log", "params", "time", "T",
		"level", "info", "text", "web: \033up"));
	send_line(json_pack("{s:s,s:{s:i}}", "method", "lost", "params", "lines", 7));
	send_line(json_pack("{s:s,s:{s:i}}", "method", "changed", "params", "revision", 1));
	send_line(json_pack("{s:s,s:{s:i}}", "method", "unheard-of", "params", "revision", 1));
	says(0, "T info    web: \\x1Bup\n(7 lines were lost, because the console did not read them "
		"in time)\n");
}
END_TEST

START_TEST(a_watch_continues_until_vigild_ends)
{
	json_t *req;

	type("watch /a\nget /b\n");
	req = request(60000, true);
	ck_assert_str_eq(json_string_value(json_object_get(req, "method")), "watch");
	answer(req, json_pack("{s:i}", "revision", 6));
	send_line(json_pack("{s:s,s:{s:i}}", "method", "changed", "params", "revision", 7));
	says(0, "{\"revision\":7}\n");
	ck_assert_ptr_null(request(50, true));
	shutdown(vigild, SHUT_WR);
	ck_assert_int_eq(ends(), 1);
	ck_assert_ptr_null(request(0, true));
	ck_assert_str_eq(said[1], "vigild: line 1: vigild has closed the connection\n");
}
END_TEST

START_TEST(a_script_ends_when_the_connection_is_lost)
{
	shutdown(vigild, SHUT_WR);
	ck_assert_int_eq(ends(), 0);
	ck_assert_str_eq(said[1], "");
}
END_TEST

START_TEST(help_needs_no_reply_of_vigild)
{
	type("help get\nhelp gte\nconsole\nmodule new x\nstatus --watch\nhelp\n");
	shut(&in);
	ck_assert_int_eq(ends(), 1);
	ck_assert_ptr_null(request(0, true));
	ck_assert_ptr_nonnull(strstr(said[0], "  quit "));
	ck_assert_str_eq(said[1],
		"vigild: line 2: unknown verb \"gte\"; did you mean \"get\"?\nvigild: line 4: this "
		"verb works only on the command line of vigilctl\nvigild: line 5: --watch works "
		"only on the command line of vigilctl; use watch here\n");
}
END_TEST

SUITE("console", setup, teardown)
{
	TEST(lines_are_executed_as_they_come);
	TEST(a_verb_is_answered_before_the_next_begins);
	TEST(errors_are_reported_with_their_line);
	TEST(an_invalid_line_is_not_executed);
	TEST(a_file_is_executed_as_a_script);
	TEST(a_slow_reader_slows_the_script_down);
	TEST(the_console_ends_when_its_output_is_closed);
	TEST(notifications_of_vigild_are_printed);
	TEST(a_watch_continues_until_vigild_ends);
	TEST(a_script_ends_when_the_connection_is_lost);
	TEST(help_needs_no_reply_of_vigild);
}
