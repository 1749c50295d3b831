/*
 * check_console: a script at a prompt: lines, their order, and those who read slowly.
 *
 * The door is the test's own: it answers when the test says so.  The terminal's side is shown on
 * a real one, by system/console.sh.
 */
#include "client/console.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "scratch.h"

#define PATIENCE (60 * CLOCK_SECOND)

static struct loop *loop;
static struct console *console;
static int in[2], out[2], err[2];
static bool at_once, has_ended, has_failed;
static unsigned asked, given_up;
static char verb[64], argument[64];

static void answer(const char *text)
{
	struct command_reply reply = {.result = json_string(text)};

	console_answer(console, &reply);
	json_decref(reply.result);
}

static void on_ask(const struct verb *what, void *arg)
{
	const char *pointer = json_string_value(json_object_get(what->params, "pointer"));

	ck_assert_ptr_eq(arg, &asked);
	asked++;
	snprintf(verb, sizeof(verb), "%s", what->command->verb);
	snprintf(argument, sizeof(argument), "%s", pointer != NULL ? pointer : "");
	if (at_once)
		answer(argument);
}

static void on_give_up(void *arg)
{
	given_up++;
}

static json_t *on_look(const char *what, json_t *params, void *arg)
{
	json_decref(params);
	return NULL;
}

static void on_end(bool failed, void *arg)
{
	ck_assert(!has_ended);
	has_ended = true;
	has_failed = failed;
}

static void open_console(int from, bool json)
{
	static const struct console_door door = {on_ask, on_give_up, on_look};

	console = console_open(&(struct console_spec){.loop = loop,
		.in = from,
		.out = out[1],
		.err = err[1],
		.program = "test",
		.json = json,
		.door = &door,
		.on_end = on_end,
		.arg = &asked});
	ck_assert_ptr_nonnull(console);
}

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	scratch_setup();
	at_once = true;
	has_ended = has_failed = false;
	asked = given_up = 0;
	loop = loop_new();
	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(out[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(fcntl(err[0], F_SETFL, O_NONBLOCK), 0);
	open_console(in[0], true);
}

static void teardown(void)
{
	console_close(console);
	loop_free(loop);
	for (int i = 0; i < 2; i++) {
		close(in[i]);
		close(out[i]);
		close(err[i]);
	}
	scratch_teardown();
}

static void turn(void)
{
	static const struct timeval tick = {.tv_usec = 10000};

	event_base_loopexit(loop_base(loop), &tick);
	ck_assert_int_ge(event_base_loop(loop_base(loop), EVLOOP_ONCE), 0);
}

static void some_turns(void)
{
	for (int i = 0; i < 5; i++)
		turn();
}

static void say(const char *text)
{
	ck_assert_int_eq(write(in[1], text, strlen(text)), (ssize_t)strlen(text));
}

/* What has come so far. */
static const char *text_from(int fd)
{
	static char text[8][1 << 16];
	static unsigned which;
	char *to = text[which % 8];
	ssize_t n = read(fd, to, sizeof(text[0]) - 1);

	if (n <= 0)
		return "";
	which++;
	to[n] = '\0';
	return to;
}

/* What came last, when it was not asked for before. */
static const char *end_script(void)
{
	uint64_t until = clock_now() + PATIENCE;
	const char *text = "", *more;

	close(in[1]);
	in[1] = -1;
	while (!has_ended && clock_now() < until) {
		turn();
		more = text_from(out[0]);
		text = more[0] != '\0' ? more : text;
	}
	ck_assert(has_ended);
	return text;
}

START_TEST(lines_are_taken_as_they_come)
{
	say("get /a\nge");
	some_turns();
	ck_assert_uint_eq(asked, 1);
	ck_assert_str_eq(text_from(out[0]), "\"/a\"\n");
	say("t /b\n\n  # get /c\n\t\n get '/d e' \r\nget /f");
	some_turns();
	ck_assert_uint_eq(asked, 3);
	ck_assert_str_eq(text_from(out[0]), "\"/b\"\n\"/d e\"\n");
	ck_assert_str_eq(end_script(), "\"/f\"\n");
	ck_assert(!has_failed);
	ck_assert_str_eq(text_from(err[0]), "");
}
END_TEST

START_TEST(one_is_answered_before_the_next_begins)
{
	json_t *change;

	at_once = false;
	say("get /a\nget -r /b\nquit\nget /c\n");
	some_turns();
	ck_assert_uint_eq(asked, 1);
	ck_assert_str_eq(argument, "/a");
	answer("first");
	some_turns();
	ck_assert_uint_eq(asked, 2);
	ck_assert_str_eq(argument, "/b");
	change = json_pack("{s:i}", "revision", 7);
	console_change(console, change);
	json_decref(change);
	answer("second");
	ck_assert(!has_ended);
	some_turns();
	ck_assert(has_ended && !has_failed);
	ck_assert_uint_eq(asked, 2);
	ck_assert_str_eq(text_from(out[0]), "\"first\"\n{\"revision\":7}\nsecond\n");
}
END_TEST

START_TEST(what_is_wrong_is_said_with_its_line)
{
	struct command_reply reply = {.code = COMMAND_REFUSED, .message = "no, for once"};

	at_once = false;
	say("\nstauts\nrun\nget /a\nget /b\n");
	some_turns();
	ck_assert_str_eq(argument, "/a");
	reply.data = json_pack("{s:[s,s]}", "complaints", "f:1: first", "f:2: \033second");
	console_answer(console, &reply);
	json_decref(reply.data);
	some_turns();
	ck_assert_str_eq(argument, "/b");
	answer("yes");
	ck_assert_str_eq(end_script(), "\"yes\"\n");
	ck_assert(has_failed);
	ck_assert_str_eq(text_from(err[0]),
		"test: line 2: there is no verb \"stauts\"; did you mean \"status\"?\n"
		"test: line 3: run wants NAME\n"
		"f:1: first\nf:2: \\x1Bsecond\ntest: line 4: no, for once\n");
}
END_TEST

START_TEST(what_is_no_line_is_not_done)
{
	char *line = malloc(70000);

	ck_assert_int_eq(write(in[1], "get /a\0b\nget /c\n", 16), 16);
	some_turns();
	ck_assert_str_eq(text_from(err[0]), "test: line 1: there is a NUL in it\n");
	ck_assert_str_eq(text_from(out[0]), "\"/c\"\n");
	ck_assert_int_eq(fcntl(in[1], F_SETPIPE_SZ, 1 << 17), 1 << 17);
	memset(line, 'x', 70000);
	memcpy(line + 70000 - 8, "\nversion", 8);
	ck_assert_int_eq(write(in[1], line, 70000), 70000);
	for (int i = 0; i < 100 && !has_ended; i++)
		turn();
	/* there may be more of it: nothing is, whatever it says */
	ck_assert(has_ended && has_failed);
	ck_assert_uint_eq(asked, 1);
	ck_assert_str_eq(
		text_from(err[0]), "test: line 3: it is over 64 KiB; nothing more is read\n");
	free(line);
}
END_TEST

START_TEST(a_file_is_a_script)
{
	int file = open(scratch_put("script", 0600, "get /a\nget /b"), O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(file, 0);
	console_close(console);
	open_console(file, true);
	for (int i = 0; i < 100 && !has_ended; i++)
		turn();
	ck_assert(has_ended && !has_failed);
	ck_assert_str_eq(text_from(out[0]), "\"/a\"\n\"/b\"\n");
	close(file);
}
END_TEST

START_TEST(a_slow_reader_slows_down_the_script_alone)
{
	char line[4096] = "get /", script[65536] = "", *to = script;
	unsigned before;
	uint64_t until = clock_now() + PATIENCE;

	memset(line + 5, 'x', 3000);
	strcpy(line + 3005, "\n");
	for (int i = 0; i < 20; i++)
		to = stpcpy(to, line);
	ck_assert_int_eq(fcntl(out[1], F_SETPIPE_SZ, 4096), 4096);
	at_once = false;
	say(script);
	for (int i = 0; i < 100; i++) {
		before = asked;
		turn();
		if (asked != before) {
			struct command_reply reply = {.result = json_string(line)};

			console_answer(console, &reply);
			json_decref(reply.result);
		}
	}
	/* the pipe holds one answer, and part of the next waits */
	ck_assert_uint_ge(asked, 1);
	ck_assert_uint_le(asked, 3);
	/* what nobody asked for is bounded */
	for (int i = 0; i < 2000; i++)
		console_notice(console, line);
	at_once = true;
	while (asked < 20 && clock_now() < until) {
		turn();
		text_from(out[0]);
	}
	ck_assert_uint_eq(asked, 20);
	end_script();
	/* and said as soon as there is room */
	console_notice(console, "the last");
	some_turns();
	ck_assert_ptr_nonnull(
		strstr(text_from(out[0]), " lines were lost, as nobody took them)\nthe last\n"));
}
END_TEST

START_TEST(a_reader_who_has_left_ends_it)
{
	close(out[0]);
	out[0] = -1;
	say("get /a\nget /b\nget /c\n");
	for (int i = 0; i < 100 && !has_ended; i++)
		turn();
	ck_assert(has_ended && has_failed);
	ck_assert_uint_eq(asked, 1);
}
END_TEST

START_TEST(what_is_not_answered_is_given_up)
{
	at_once = false;
	say("watch /a\n");
	some_turns();
	ck_assert_str_eq(verb, "watch");
	/* Ctrl-C is for those who sit at a terminal */
	ck_assert(!console_interrupt(console));
	ck_assert(!console_on_terminal(console));
	ck_assert_uint_eq(given_up, 0);
	console_close(console);
	ck_assert_uint_eq(given_up, 1);
	open_console(in[0], true);
}
END_TEST

START_TEST(help_needs_nobody)
{
	say("help get\nhelp gte\nconsole\nmodule new x\nstatus --watch\nhelp\n");
	ck_assert_ptr_nonnull(strstr(end_script(), "  quit "));
	ck_assert_uint_eq(asked, 0);
	ck_assert(has_failed);
	ck_assert_str_eq(text_from(err[0]),
		"test: line 2: there is no verb \"gte\"; did you mean \"get\"?\n"
		"test: line 4: that is for the command line of vigilctl\n"
		"test: line 5: --watch is for the command line of vigilctl; here there is watch\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("console");
	TCase *tcase = tcase_create("console");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, lines_are_taken_as_they_come);
	tcase_add_test(tcase, one_is_answered_before_the_next_begins);
	tcase_add_test(tcase, what_is_wrong_is_said_with_its_line);
	tcase_add_test(tcase, what_is_no_line_is_not_done);
	tcase_add_test(tcase, a_file_is_a_script);
	tcase_add_test(tcase, a_slow_reader_slows_down_the_script_alone);
	tcase_add_test(tcase, a_reader_who_has_left_ends_it);
	tcase_add_test(tcase, what_is_not_answered_is_given_up);
	tcase_add_test(tcase, help_needs_nobody);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
