/* check_print: results printed for people, including replies that are not as expected. */
#include "client/print.h"
#include "client/print_text.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/print_table.h"
#include "client/print_time.h"
#include "scratch.h"
#include "suite.h"

static char printed[65536];

/* Ends the capture of stdout, and reads the captured text. */
static const char *end_capture(int saved, int fd)
{
	ssize_t n;

	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	n = pread(fd, printed, sizeof(printed) - 1, 0);
	ck_assert_int_ge(n, 0);
	printed[n] = '\0';
	close(fd);
	return printed;
}

static int begin_capture(int fd)
{
	int saved;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	ck_assert_int_ge(dup2(fd, STDOUT_FILENO), 0);
	return saved;
}

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, JSON_DECODE_ANY, &error);

	ck_assert_msg(value != NULL, "%s: %s", error.text, text);
	return value;
}

static const char *result_with(const char *verb, const char *text, unsigned flags)
{
	int fd = open(scratch_path("out"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	int saved = begin_capture(fd);
	json_t *value = parse(text);

	print_result(verb, value, flags);
	json_decref(value);
	return end_capture(saved, fd);
}

static const char *result(const char *verb, const char *text)
{
	return result_with(verb, text, 0);
}

START_TEST(status_is_printed_as_a_table)
{
	char then[CLOCK_TEXT], text[2048];
	struct timespec when;

	clock_gettime(CLOCK_REALTIME, &when);
	when.tv_sec -= 3 * 86400 + 3 * 3600 + 60;
	clock_text_at(then, when);
	snprintf(text, sizeof(text),
		"[{\"name\":\"web\",\"module\":\"service\",\"service\":\"nginx\",\"status\":"
		"\"running\","
		"\"state\":\"running\",\"state_since\":\"%s\",\"restarts\":2,\"ticks\":12,"
		"\"missed\":1,"
		"\"last_tick\":\"%s\",\"reason\":\"\","
		"\"health\":{\"level\":\"OK\",\"text\":\"it\\nruns\",\"since\":\"%s\"}},"
		"{\"name\":\"broken\",\"module\":\"none\",\"status\":\"failed\",\"state\":"
		"\"failed\","
		"\"ticks\":0,\"last_tick\":null,\"health\":null,\"reason\":\"no module\"},"
		"{\"name\":\"db\",\"module\":\"service\",\"service\":\"db\",\"status\":\"running\","
		"\"state\":null,\"restarts\":0,\"health\":{\"level\":\"UNKNOWN\",\"text\":\"?\"}}]",
		then, then, then);
	ck_assert_str_eq(result("status", text),
		"NAME    STATE    SINCE  RESTARTS  HEALTH    MESSAGE\n"
		"web     running  3d03h  2         OK        it\\nruns\n"
		"broken  failed   -      -         CRITICAL  no module\n"
		"db      -        -      0         UNKNOWN   ?\n");
	ck_assert_str_eq(result_with("status", text, PRINT_WORST_FIRST),
		"NAME    STATE    SINCE  RESTARTS  HEALTH    MESSAGE\n"
		"broken  failed   -      -         CRITICAL  no module\n"
		"db      -        -      0         UNKNOWN   ?\n"
		"web     running  3d03h  2         OK        it\\nruns\n");
	ck_assert_ptr_nonnull(strstr(result_with("status", text, PRINT_VERBOSE),
		"HEALTH    MODULE   SERVICE  STATUS   TICKS  MISSED  LAST   MESSAGE\n"
		"web     running  3d03h  2         OK        service  nginx    running  12     1   "
		"    3d03h  "
		"it\\nruns\n"));
	ck_assert_str_eq(result("status", "[]"), "no daemon is enabled\n");
}
END_TEST

static const char services[] =
	"{\"services\":["
	"{\"name\":\"cron\",\"manager\":\"systemd\",\"state\":\"running\",\"boot\":\"yes\","
	"\"after_crash\":\"restarted\",\"after_crash_text\":\"restarted by systemd in 100 ms\"},"
	"{\"name\":\"nginx\",\"manager\":\"systemd\",\"state\":\"failed\",\"boot\":\"yes\","
	"\"after_crash\":\"down\",\"after_crash_text\":\"stays failed: Restart=on-success\","
	"\"watched\":[{\"daemon\":\"web\",\"not_restarted\":\"never\"},{\"daemon\":\"b\"}]},"
	"{\"name\":\"once\",\"manager\":\"systemd\",\"state\":\"running\",\"text\":\"exited\","
	"\"boot\":\"no\",\"hold\":\"the unit is masked\",\"after_crash\":\"none\"},"
	"{\"name\":\"ssh\",\"manager\":\"systemd\",\"state\":\"stopped\",\"boot\":\"static\","
	"\"after_crash\":\"on-demand\",\"after_crash_text\":\"started by ssh.socket when needed\"},"
	"{\"name\":\"sv\",\"manager\":\"runit\",\"state\":\"running\",\"boot\":\"yes\","
	"\"after_crash\":\"restarted\",\"after_crash_text\":\"restarted by runsv\"}]}";

START_TEST(services_are_printed_as_a_table)
{
	ck_assert_str_eq(result("services", services),
		"NAME   STATE    SINCE  BOOT    AFTER A CRASH        WATCHED\n"
		"cron   running  -      yes     restarted in 100 ms  -\n"
		"nginx  failed   -      yes     stays failed         web (never), b\n"
		"once   exited   -      masked  -                    -\n"
		"ssh    stopped  -      static  when needed          -\n"
		"sv     running  -      yes     restarted            -\n");
	ck_assert_ptr_nonnull(strstr(result_with("services", services, PRINT_VERBOSE),
		"nginx  systemd  failed   -      yes     web (never), b  "
		"stays failed: Restart=on-success\n"));
	ck_assert_str_eq(
		result("services", "{\"services\":[]}"), "no service manager knows a service\n");
	ck_assert_str_eq(result("services", "{\"services\":[],\"unprotected\":true}"),
		"no service would stay down after a crash\n");
	ck_assert_ptr_nonnull(strstr(result("services", "{\"services\":[{}]}"), "NAME"));
}
END_TEST

START_TEST(reload_is_printed_as_a_line)
{
	ck_assert_str_eq(
		result("reload", "{\"started\":[\"web\"],\"stopped\":[],\"changed\":[\"agent\","
				 "\"db\"],\"kept\":12,\"failed\":{\"db\":\"it\\tbroke\"},"
				 "\"restart_needed\":[\"socket\"]}"),
		"reloaded: 1 started (web), 0 stopped, 2 changed (agent, db), 12 kept\nfailed: db: "
		"it\\tbroke\nchanges that take effect when vigild is restarted: (socket)\n");
}
END_TEST

START_TEST(each_changed_option_of_a_reload_is_a_line)
{
	static const char body[] =
		"\"started\":[\"spare\"],\"stopped\":[],\"changed\":[\"db\",\"web\"],"
		"\"kept\":3,\"failed\":{\"db\":\"no\"},\"restart_needed\":[],"
		"\"changes\":{\"db\":{},\"web\":{\"interval\":{\"old\":\"5s\",\"new\":\"10s\"},"
		"\"probe\":{\"old\":\"\",\"new\":\"a\\tb\"}}},"
		"\"vigil_changes\":{\"workers\":{\"old\":\"4\",\"new\":\"8\"}}}";
	char answer[1024];

	snprintf(answer, sizeof(answer), "{%s", body);
	ck_assert_str_eq(result("reload", answer),
		"reloaded: 1 started (spare), 0 stopped, 2 changed (db, web), 3 kept\n"
		"db: started again, because it had failed\n"
		"web: interval 5s -> 10s\n"
		"web: probe (none) -> a\\tb\n"
		"[vigil]: workers 4 -> 8\n"
		"failed: db: no\n");
	snprintf(answer, sizeof(answer), "{\"dry_run\":true,%s", body);
	ck_assert_str_eq(result("reload", answer),
		"would reload: 1 started (spare), 0 stopped, 2 changed (db, web), 3 kept\n"
		"db: would be started again, because it has failed\n"
		"web: interval 5s -> 10s\n"
		"web: probe (none) -> a\\tb\n"
		"[vigil]: workers 4 -> 8\n"
		"would fail: db: no\n");
}
END_TEST

START_TEST(explain_prints_the_state_and_the_history)
{
	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_str_eq(
		result("explain",
			"{\"name\":\"web\",\"run\":{\"module\":\"service\",\"status\":\"running\","
			"\"since\":null,\"health\":{\"text\":\"web is stopped\"},\"history\":"
			"[{\"time\":\"2026-01-31T12:34:56.789Z\",\"text\":\"fell\\u001b[2J\"},"
			"{\"time\":\"2026\",\"text\":\"odd\"},{}]},"
			"\"state\":{\"service_state\":{\"decision\":\"waits\","
			"\"next_retry\":\"soon\",\"last_error\":{\"text\":\"polkit\","
			"\"kind\":\"denied\"}}}}"),
		"web: module service, running for -\n"
		"health     web is stopped\n"
		"decision   waits\n"
		"next try   soon\n"
		"last error polkit (denied)\n"
		"2026-01-31 12:34:56 UTC  fell\\x1B[2J\n"
		"2026  odd\n"
		"  \n");
}
END_TEST

START_TEST(explain_prints_the_services_of_a_daemon_that_has_many)
{
	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_str_eq(
		result("explain",
			"{\"name\":\"machine\",\"run\":{\"module\":\"machine\",\"status\":"
			"\"running\",\"since\":null},\"state\":{\"services\":{\"total\":3,\"s6\":7,"
			"\"systemd\":{\"odd\":{},\"a\":{\"service\":\"a\",\"manager\":\"systemd\","
			"\"value\":\"running\",\"decision\":\"running: nothing to do\","
			"\"restarts\":1},\"b\":{\"service\":\"b\",\"manager\":\"systemd\","
			"\"value\":\"failed\",\"decision\":\"waits\",\"restarts\":2,"
			"\"restart_error\":1,\"next_retry\":\"soon\",\"last_error\":"
			"{\"text\":\"no\",\"kind\":\"denied\"}}}}}}"),
		"machine: module machine, running for -\n"
		"service    b (systemd): waits; 2 restarts; next try soon; last error: no "
		"(denied)\n"
		"service    a (systemd): running: nothing to do; 1 restart\n");
}
END_TEST

START_TEST(explain_prints_deaths_with_their_output)
{
	static const char deaths[] =
		"[{\"time\":\"2026-01-30T12:00:00Z\",\"reason\":\"first\"},"
		"{\"time\":\"2026-01-31T12:00:00Z\",\"reason\":\"exited\",\"more\":7,"
		"\"last\":\"2026-01-31T12:01:00Z\",\"output\":[\"\\u001b[2Jred\",\"\"]},"
		"{\"time\":\"2026-01-31T13:00:00Z\",\"reason\":\"killed\","
		"\"output_note\":\"no journal\"},{\"time\":\"2026\",\"output\":3}]",
			  event[] = "{\"time\":\"2026\",\"text\":\"death: exited\",\"detail\":"
				    "{\"death\":{\"output\":[\"last\"]}}}";
	char answer[1024];

	setenv("TZ", "UTC", 1);
	tzset();
	snprintf(answer, sizeof(answer),
		"{\"state\":{\"service_state\":{\"deaths\":%s}},\"run\":{\"history\":[%s]}}",
		deaths, event);
	result("explain", answer);
	ck_assert_str_eq(strstr(printed, "death "),
		"death      2026-01-31 12:00:00 UTC  exited (and 7 more in the same way until "
		"2026-01-31 12:01:00 UTC)\n"
		"    | \\x1B[2Jred\n"
		"    | \n"
		"death      2026-01-31 13:00:00 UTC  killed\n"
		"    (no journal)\n"
		"death      2026  \n"
		"2026  death: exited\n");
	snprintf(answer, sizeof(answer),
		"{\"state\":{\"service_state\":{\"deaths\":%s}},\"events\":[%s]}", deaths, event);
	result("explain", answer); /* with --since */
	ck_assert_str_eq(strchr(printed, '\n') + 1, "2026  death: exited\n    | last\n");
}
END_TEST

/* Times are local with their zone, also in the hour that occurs twice. */
START_TEST(times_are_local_and_have_a_zone)
{
	static const struct {
		const char *zone, *utc, *local;
	} rows[] = {
		{"UTC", "2026-01-31T12:34:56.789Z", "2026-01-31 12:34:56 UTC"},
		{"IST-5:30", "2026-01-31T20:34:56.999Z", "2026-02-01 02:04:56 IST"},
		{"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59.000Z", "2026-03-08 01:59:59 EST"},
		{"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00.000Z", "2026-03-08 03:00:00 EDT"},
		{"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T05:30:00.000Z", "2026-11-01 01:30:00 EDT"},
		{"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:30:00Z", "2026-11-01 01:30:00 EST"},
		{"<+0545>-5:45", "2026-12-31T23:59:59.999Z", "2027-01-01 05:44:59 +0545"},
		{"EST5EDT,M3.2.0,M11.1.0", "2026-11-01", "2026-11-01"},
		{"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:30:00+01:00",
			"2026-11-01T06:30:00+01:00"},
		{"EST5EDT,M3.2.0,M11.1.0", "", ""},
	};
	char text[PRINT_TIME];

	for (size_t i = 0; i < COUNT(rows); i++) {
		setenv("TZ", rows[i].zone, 1);
		tzset();
		ck_assert_str_eq(print_local_time(text, rows[i].utc), rows[i].local);
	}
}
END_TEST

START_TEST(explain_prints_the_time_until_the_next_try)
{
	char when[CLOCK_TEXT], answer[512], expected[128], local[PRINT_TIME];
	struct timespec now;

	setenv("TZ", "IST-5:30", 1);
	tzset();
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += 7260;
	clock_text_at(when, now);
	snprintf(answer, sizeof(answer),
		"{\"run\":{\"paused_until\":\"%s\"},\"state\":{\"service_state\":{"
		"\"next_retry\":\"%s\"}}}",
		when, when);
	result("explain", answer);
	snprintf(expected, sizeof(expected), "\npaused     until %s (in 2h0",
		print_local_time(local, when));
	ck_assert_msg(
		strstr(printed, expected) != NULL && strstr(local, " IST") != NULL, "%s", printed);
	snprintf(expected, sizeof(expected), "\nnext try   %s (in 2h0", local);
	ck_assert_msg(strstr(printed, expected) != NULL, "%s", printed);
}
END_TEST

/* A server that is not vigild may reply anything. */
START_TEST(an_unexpected_reply_is_printed_safely)
{
	static const char *const verbs[] = {
		"status", "list", "modules", "explain", "reload", "version", "run", "log", "get"};
	static const char *const answers[] = {"null", "7",
		"{\"changes\":{\"a\":7,\"b\":{\"c\":1}},\"vigil_changes\":[\"\\u009b2J\"]}",
		"\"\\u009b2J\"", "[]", "{}", "[1,[],{}]",
		"{\"started\":[1,null],\"run\":{\"history\":[1,{\"time\":7}]},\"options\":1}",
		"[{\"name\":1,\"options\":{\"a\":1,\"b\":null},\"health\":[],\"ticks\":\"x\"}]"};

	for (size_t v = 0; v < COUNT(verbs); v++) {
		for (size_t a = 0; a < COUNT(answers); a++) {
			result(verbs[v], answers[a]);
			ck_assert_ptr_null(strstr(printed, "\xc2\x9b"));
			ck_assert_ptr_null(strchr(printed, '\033'));
		}
	}
}
END_TEST

START_TEST(json_remains_valid_and_has_no_control_characters)
{
	static const char text[] =
		"[\"\xc3\xa4\\\\ \\u001b\\u007f\\u009b\\u202e\\ufeff \xf0\x9f\x90\xa7\"]";
	int fd, saved;
	json_t *value = parse(text), *again;

	fd = open(scratch_path("out"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	saved = begin_capture(fd);
	print_json_line(value);
	end_capture(saved, fd);
	ck_assert_str_eq(printed, "[\"\xc3\xa4\\\\ \\u001B\\u007F\\u009B\\u202E\\uFEFF "
				  "\xf0\x9f\x90\xa7\"]\n");
	result("get", text);
	again = parse(printed);
	ck_assert(json_equal(again, value));
	json_decref(again);
	json_decref(value);
}
END_TEST

/* Opens a terminal of 100 columns. Returns false if there are no pseudo-terminals. */
static bool open_terminal(int *master, int *slave)
{
	struct winsize size = {.ws_row = 24, .ws_col = 100};

	*master = posix_openpt(O_RDWR | O_NOCTTY);
	*slave = -1;
	if (*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0)
		*slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
	if (*slave >= 0 && ioctl(*slave, TIOCSWINSZ, &size) == 0)
		return true;
	puts("SKIP: there is no pseudo-terminal here");
	return false;
}

/* Reads all output of the terminal, which may come in pieces. */
static ssize_t read_terminal(int master)
{
	struct pollfd p = {.fd = master, .events = POLLIN};
	size_t length = 0;
	ssize_t n;

	while (poll(&p, 1, length == 0 ? 10000 : 300) == 1) {
		n = read(master, printed + length, sizeof(printed) - 1 - length);
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	return (ssize_t)length;
}

START_TEST(bare_text_is_escaped_only_on_a_terminal)
{
	static const char text[] = "a\\b\n\033[2J";
	int fd, saved, master, slave;
	ssize_t n;

	fd = open(scratch_path("out"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	saved = begin_capture(fd);
	print_bare(text);
	ck_assert_str_eq(end_capture(saved, fd), "a\\b\n\033[2J\n");

	if (!open_terminal(&master, &slave))
		return;
	saved = begin_capture(slave);
	print_bare(text);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	n = read_terminal(master);
	ck_assert_int_gt(n, 0);
	printed[n] = '\0';
	ck_assert_str_eq(printed, "a\\b\\n\\x1B[2J\r\n");
	close(saved);
	close(master);
	close(slave);
}
END_TEST

static const char *on_terminal(int master, int slave, const char *no_color)
{
	char text[512];
	int saved = begin_capture(slave);
	json_t *value;
	ssize_t n;

	if (no_color != NULL)
		setenv("NO_COLOR", no_color, 1);
	else
		unsetenv("NO_COLOR");
	snprintf(text, sizeof(text),
		"[{\"name\":\"web\",\"state\":\"running\",\"reason\":\"%0200d\"}]", 7);
	value = parse(text);
	print_result("status", value, 0);
	json_decref(value);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	n = read_terminal(master);
	ck_assert_int_gt(n, 0);
	printed[n] = '\0';
	return printed;
}

START_TEST(a_terminal_gets_colours_and_lines_that_fit)
{
	int master, slave;

	if (!open_terminal(&master, &slave))
		return;
	setenv("TERM", "dumb", 1);
	ck_assert_ptr_null(strchr(on_terminal(master, slave, NULL), '\033'));
	setenv("TERM", "xterm", 1);
	ck_assert_ptr_nonnull(strstr(on_terminal(master, slave, NULL), "\033[32mrunning"));
	ck_assert_ptr_nonnull(strstr(on_terminal(master, slave, ""), "\033[32mrunning"));
	on_terminal(master, slave, "1");
	ck_assert_ptr_null(strchr(printed, '\033'));
	for (char *line = strtok(printed, "\r\n"); line != NULL; line = strtok(NULL, "\r\n"))
		ck_assert_uint_le(strlen(line), 100);
	close(master);
	close(slave);
}
END_TEST

START_TEST(messages_keep_their_escapes)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	print_message(to, "a \\x1B b\\\\ \033[2J\n\\");
	print_message(to, "");
	print_message(to, NULL);
	fclose(to);
	ck_assert_str_eq(text, "a \\x1B b\\\\ \\x1B[2J\\n\\");
	free(text);
}
END_TEST

SUITE("print", scratch_setup, scratch_teardown)
{
	TEST(status_is_printed_as_a_table);
	TEST(services_are_printed_as_a_table);
	TEST(reload_is_printed_as_a_line);
	TEST(each_changed_option_of_a_reload_is_a_line);
	TEST(explain_prints_the_state_and_the_history);
	TEST(times_are_local_and_have_a_zone);
	TEST(explain_prints_the_services_of_a_daemon_that_has_many);
	TEST(explain_prints_deaths_with_their_output);
	TEST(explain_prints_the_time_until_the_next_try);
	TEST(an_unexpected_reply_is_printed_safely);
	TEST(json_remains_valid_and_has_no_control_characters);
	TEST(bare_text_is_escaped_only_on_a_terminal);
	TEST(a_terminal_gets_colours_and_lines_that_fit);
	TEST(messages_keep_their_escapes);
}
