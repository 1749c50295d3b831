/*
 * check_control_console: the console of `vigild -C` from vigild's side: its process, its access
 * rights, and its connection, which may be slow. The console is this program, started again. The
 * environment variable CONSOLE_DOES says what it does.
 */
#include "control/control_console.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "control/control_conn.h"
#include "fixture_control.h"
#include "suite.h"

static struct control_console *console;
static int ended; /* 0: it runs, 1: ended with success, 2: failed */

static void on_end(bool failed, void *arg)
{
	ck_assert_int_eq(ended, 0);
	ck_assert_ptr_eq(arg, &ended);
	ended = failed ? 2 : 1;
}

static void setup_console(void)
{
	setup();
	ended = 0;
}

static void teardown_console(void)
{
	control_console_close(console);
	console = NULL;
	teardown();
}

static void start(const char *does)
{
	setenv("CONSOLE_DOES", does, 1);
	setenv("CONSOLE_ANSWER", scratch_path("answer"), 1);
	console = control_console_open(control, host, "/proc/self/exe", on_end, &ended);
	ck_assert_ptr_nonnull(console);
}

static int result_of(const char *does)
{
	uint64_t until = clock_now() + PATIENCE;

	start(does);
	while (ended == 0 && clock_now() < until)
		turn();
	return ended;
}

START_TEST(the_exit_of_the_console_is_reported)
{
	static const struct {
		const char *does;
		int result;
	} table[] = {{"exit 0", 1}, {"exit 1", 2}, {"signal 15", 1}, {"signal 1", 1},
		{"signal 2", 1}, {"signal 11", 2}, {"signal 9", 2}};

	ck_assert_int_eq(result_of(table[_i].does), table[_i].result);
	ck_assert_uint_eq(log_holds("the console was killed by signal"),
		table[_i].result == 2 && table[_i].does[0] == 's');
	ck_assert(!control_console_on_terminal(console));
}
END_TEST

START_TEST(a_program_that_is_missing_is_reported)
{
	errno = 0;
	ck_assert_ptr_null(control_console_open(control, host, "/no/such/program", on_end, &ended));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(the_console_ends_with_its_connection)
{
	uint64_t before;

	start("wait");
	before = clock_now();
	control_console_close(console);
	console = NULL;
	ck_assert_int_eq(ended, 0);
	ck_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	/* a console that does not end is killed */
	start("hang");
	before = clock_now();
	control_console_close(console);
	console = NULL;
	ck_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	ck_assert(clock_now() - before < PATIENCE);
}
END_TEST

/* Returns the error code of the reply to the request; 0: the reply is a result. */
static int code_of_request(const char *request)
{
	char does[256], line[4096] = "";
	json_t *object;
	FILE *file;
	int code;

	snprintf(does, sizeof(does), "ask {\"jsonrpc\":\"2.0\",\"id\":1,%s}", request);
	ended = 0;
	ck_assert_int_eq(result_of(does), 1);
	control_console_close(console);
	console = NULL;
	file = fopen(scratch_path("answer"), "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	fclose(file);
	object = json_loads(line, 0, NULL);
	code = code_of(object);
	json_decref(object);
	return code;
}

START_TEST(the_console_has_the_access_rights_of_the_user_of_vigild)
{
	const char *remove = "\"method\":\"unregister\",\"params\":{\"name\":\"web\"}";

	log_set_level(LEVEL_INFO);
	ck_assert_int_eq(code_of_request("\"method\":\"version\""), 0);
	ck_assert_int_eq(code_of_request("\"method\":\"log\",\"params\":{\"level\":\"debug\"}"), 0);
	ck_assert_int_eq(log_level(), LEVEL_DEBUG);
	ck_assert_int_eq(code_of_request("\"method\":\"help\""), COMMAND_NO_METHOD);
	ck_assert_int_eq(code_of_request("\"method\":\"watch\",\"params\":{\"pointer\":\"x\"}"),
		COMMAND_PARAMS);
	ck_assert_int_eq(code_of_request("\"method\":\"unwatch\""), 0);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(code_of_request(remove), COMMAND_REFUSED);
	ck_assert_int_eq(chmod(scratch, 0777), 0);
	unlink(scratch_path("answer"));
	ck_assert_int_eq(seteuid(12345), 0);
	ck_assert_int_eq(code_of_request(remove), COMMAND_DENIED);
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* --- a connection that may be slow ------------------------------------------------------------ */

static bool gone;

static void on_gone(struct conn *conn, void *arg)
{
	gone = true;
}

static struct conn *open_patient(int *fd)
{
	const struct peer self = {.uid = geteuid()};
	struct conn *conn;
	int ends[2];

	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	gone = false;
	conn = conn_new(control_clients(control), ends[0], &self, on_gone, NULL);
	ck_assert_ptr_nonnull(conn);
	conn_set_patient(conn);
	*fd = ends[1];
	return conn;
}

static void notify(struct conn *conn, const char *text)
{
	conn_notify(conn, "log", json_pack("{s:s}", "text", text));
}

/* Counts the "log" lines before a reply, and adds the numbers of the "lost" lines. */
static void count_lines(int fd, unsigned *logs, unsigned *lost)
{
	json_t *object, *params;

	*logs = *lost = 0;
	while ((object = get_object(fd)) != NULL && json_object_get(object, "id") == NULL) {
		params = json_object_get(object, "params");
		if (strcmp(json_string_value(json_object_get(object, "method")), "log") == 0)
			(*logs)++;
		else
			*lost += (unsigned)json_integer_value(json_object_get(params, "lines"));
		json_decref(object);
	}
	ck_assert_ptr_nonnull(object);
	json_decref(object);
}

/* Returns the number of lost lines, which the next line reports. */
static unsigned lost_lines(int fd)
{
	json_t *object = get_object(fd);
	unsigned lost;

	ck_assert_str_eq(json_string_value(json_object_get(object, "method")), "lost");
	lost = (unsigned)json_integer_value(
		json_object_get(json_object_get(object, "params"), "lines"));
	json_decref(object);
	return lost;
}

START_TEST(lines_for_a_console_that_does_not_read_are_dropped_and_counted)
{
	static char text[8192];
	unsigned logs, lost, more, none;
	struct conn *conn;
	int fd;

	conn = open_patient(&fd);
	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 1000; i++)
		notify(conn, text);
	for (int i = 0; i < 5; i++)
		turn();
	ck_assert(!gone);
	/* a request is still answered */
	put(fd, ASK "\n");
	count_lines(fd, &logs, &lost);
	ck_assert_uint_gt(logs, 1024 * 1024 / sizeof(text) / 2);
	ck_assert_uint_lt(logs, 2 * 1024 * 1024 / sizeof(text));
	/* the number is sent without a request */
	if (lost == 0)
		lost = lost_lines(fd);
	ck_assert_uint_eq(logs + lost, 1000);
	notify(conn, "another");
	put(fd, ASK "\n");
	count_lines(fd, &more, &none);
	ck_assert_uint_eq(more, 1);
	ck_assert_uint_eq(none, 0);
	conn_free(conn);
	close(fd);
}
END_TEST

START_TEST(unwatch_needs_read_access)
{
	const struct peer stranger = {.uid = geteuid() + 1};
	struct conn *conn;
	int ends[2];

	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	conn = conn_new(control_clients(control), ends[0], &stranger, on_gone, NULL);
	ck_assert_ptr_nonnull(conn);
	ck_assert_int_eq(ask(ends[1], "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"unwatch\"}"),
		COMMAND_DENIED);
	conn_free(conn);
	close(ends[1]);
}
END_TEST

START_TEST(unwatch_ends_all_watches_of_only_this_connection)
{
	struct state *state = host_state(host);
	int fd = dial(), other = dial();

	for (int i = 0; i < 3 * CONN_WATCHES_MAX; i++) {
		ck_assert_int_eq(ask(fd, WATCH_ALL), 0);
		if (i % CONN_WATCHES_MAX == CONN_WATCHES_MAX - 1)
			ck_assert_int_eq(
				ask(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"unwatch\"}"),
				0);
	}
	ck_assert_int_eq(ask(other, WATCH_ALL), 0);
	ck_assert_int_eq(state_set(state, "/daemons/a/b", json_string("x")), 0);
	free(get_line(other));
	ck_assert(is_open(fd)); /* and no data has come */
	close(fd);
	close(other);
}
END_TEST

/* --- the console ------------------------------------------------------------------------------ */

static int await_byte(char *byte)
{
	struct pollfd p = {.fd = 3, .events = POLLIN};

	return poll(&p, 1, -1) == 1 ? (int)read(3, byte, 1) : -1;
}

static int be_console(const char *does)
{
	FILE *answer;
	char byte = '\0';

	if (strncmp(does, "exit ", 5) == 0)
		return atoi(does + 5);
	if (strncmp(does, "signal ", 7) == 0) {
		signal(atoi(does + 7), SIG_DFL); /* sanitizers set handlers */
		raise(atoi(does + 7));
	}
	if (strcmp(does, "wait") == 0)
		return await_byte(&byte) == 0 ? 0 : 1;
	if (strncmp(does, "ask ", 4) != 0)
		for (;;)
			pause();
	if (dprintf(3, "%s\n", does + 4) < 0)
		return 1;
	answer = fopen(getenv("CONSOLE_ANSWER"), "w");
	while (answer != NULL && byte != '\n' && await_byte(&byte) == 1)
		fputc(byte, answer);
	return answer != NULL && fclose(answer) == 0 ? 0 : 1;
}

SUITE("control_console", setup_console, teardown_console)
{
	const char *does = getenv("CONSOLE_DOES");

	if (does != NULL)
		_exit(be_console(does)); /* without the exit handlers of a sanitizer */
	LOOP_TEST(the_exit_of_the_console_is_reported, 7);
	TEST(a_program_that_is_missing_is_reported);
	TEST(the_console_ends_with_its_connection);
	TEST(the_console_has_the_access_rights_of_the_user_of_vigild);
	TEST(lines_for_a_console_that_does_not_read_are_dropped_and_counted);
	TEST(unwatch_needs_read_access);
	TEST(unwatch_ends_all_watches_of_only_this_connection);
}
