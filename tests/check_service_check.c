/*
 * check_service_check: the configurations that the module service refuses before a daemon is
 * started.
 */
#include "modules/service/check.h"

#include "modules/service/options.h"
#include "daemon/candidate.h"
#include "scratch.h"
#include "suite.h"

static struct diagnostics diagnostics;

static void setup(void)
{
	scratch_setup();
	diagnostics = (struct diagnostics){0};
	ck_assert_int_eq(setenv("PATH", "/usr/bin:/bin", 1), 0);
}

static void teardown(void)
{
	diagnostics_clear(&diagnostics);
	scratch_teardown();
}

/* Returns the first diagnostic for the "key", "value" pairs; "": they are valid. */
static const char *said_of(const char *const *pairs)
{
	static const vigil_module module = {
		.name = "service", .options = service_options, .check = service_check};
	struct candidate candidate = {
		.name = "a", .module = "service", .descriptor = &module, .file = "f", .line = 1};
	struct option_given given[8];
	struct option_set *set;

	diagnostics_clear(&diagnostics);
	for (; pairs[2 * candidate.count] != NULL; candidate.count++)
		given[candidate.count] = (struct option_given){.key = pairs[2 * candidate.count],
			.value = pairs[2 * candidate.count + 1],
			.file = "f",
			.line = (int)candidate.count + 2};
	candidate.given = given;
	set = option_set_new(
		service_options, given, candidate.count, "[daemon:a]", "f", 1, &diagnostics);
	if (set != NULL) {
		candidate.options = set;
		candidate_check(&candidate, &diagnostics);
		option_set_unref(set);
	}
	return diagnostics.count > 0 ? diagnostics.list[0].text : "";
}

#define SAID_OF(...) said_of((const char *const[]){__VA_ARGS__, NULL})

struct row {
	const char *value, *words; /* words: "" if the value is valid */
};

static void check_rows(const char *key, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *said = SAID_OF("service", "x", key, rows[i].value);

		ck_assert_msg(rows[i].words[0] != '\0' ? strstr(said, rows[i].words) != NULL
						       : said[0] == '\0',
			"%s: %s", rows[i].value, said);
		ck_assert_msg(said[0] == '\0' || strncmp(said, "f:3: ", 5) == 0, "%s", said);
	}
}

#define CHECK_ROWS(key, rows) check_rows(key, rows, sizeof(rows) / sizeof(*(rows)))

START_TEST(respawn_max_is_a_rate)
{
	static const struct row rows[] = {
		{"3/10m", ""},
		{"0", ""},
		{"often", "respawn_max = \"often\": is not a rate such as 3/10m"},
		{"3", "= \"3\": is not a rate"},
		{"3/", "is not a rate"},
		{"-1/10m", "is not a rate"},
	};

	CHECK_ROWS("respawn_max", rows);
}
END_TEST

START_TEST(memory_max_is_a_size_or_a_percentage)
{
	static const struct row rows[] = {
		{"2GiB", ""},
		{"80%", ""},
		{"0", ""},
		{"120%", "memory_max = \"120%\": is not a size such as 512MiB or 2GiB, nor a "
			 "percentage"},
		{"0%", "nor a percentage such as 80%"},
		{"-1MiB", "is not a size"},
		{"2 apples", "is not a size"},
	};

	CHECK_ROWS("memory_max", rows);
}
END_TEST

START_TEST(pressure_max_is_a_percentage)
{
	static const struct row rows[] = {
		{"20%", ""},
		{"20", ""},
		{"0%", "pressure_max = \"0%\": is not a percentage such as 20%"},
		{"101%", "is not a percentage"},
		{"2GiB", "is not a percentage"},
	};

	CHECK_ROWS("pressure_max", rows);
}
END_TEST

START_TEST(a_probe_is_an_address_or_a_program)
{
	static const struct row rows[] = {
		{"tcp://127.0.0.1:80", "note: probe = \"tcp://127.0.0.1:80\": a server that hangs"},
		{"tcp://localhost:65535", "note: "},
		{"tcp://[::1]:80", "note: "},
#ifdef HAVE_EVDNS
		{"tcp://db.example.org:5432", "note: "},
#endif
		{"unix:/run/x.sock", "a server that hangs is not detected"},
		{"http+unix:/run/x.sock:/info", ""},
#ifdef HAVE_OPENSSL
		{"https://www.example.org/health", ""},
		{"tls://mail.example.org:993", ""},
#endif
		{"http://127.0.0.1:80", ""},
		{"http://localhost:80/a/b?c=d&e=f", ""},
		{"/bin/true", ""},
		{"true -x --y", ""},
		{"'/bin/true' \"a b\"", ""},
		{"/bin/sh -c 'true | true'", ""},
		{"ftp://127.0.0.1:21", "unknown scheme; use tcp:// tls://"},
		{"TCP://127.0.0.1:21", "unknown scheme; use tcp:// tls://"},
		{"udp://127.0.0.1:53", "unknown scheme; use tcp:// tls://"},
		{"unix:run/x.sock", "is absolute: write unix:/PATH"},
		{"tcp://127.0.0.1", "missing port: write 127.0.0.1:PORT"},
		{"tcp://127.0.0.1:", "the port \"\" is not a number from 1 to 65535"},
		{"tcp://127.0.0.1:0", "the port \"0\" is not a number from 1 to 65535"},
		{"tcp://127.0.0.1:65536", "the port \"65536\" is not a number from 1 to 65535"},
		{"tcp://127.0.0.1:8o", "the port \"8o\" is not a number"},
		{"tcp://127.0.0.1:-1", "the port \"-1\" is not a number"},
		{"tcp://127.0.0.1:80/x", "unexpected text after the port"},
		{"tcp://::1:80", "an IPv6 address needs brackets"},
		{"tcp://[::1:80", "missing ] after the address"},
		{"tcp://[::1]80", "missing port: write [::1]:PORT"},
		{"tcp://:80", "missing host"},
		{"http://", "missing host"},
		{"'http://127.0.0.1:80/a b'", "its path is too long or contains a blank"},
		{"http:///x", "missing host"},
		{"tcp://127.0.0.256:80", "\"127.0.0.256\" is not an address and not a host name"},
		{"tcp://127.0.0.1:80 5s", "unexpected text after the address: \"5s\""},
		{"127.0.0.1:80", "did you mean tcp://127.0.0.1:80?"},
		{"localhost:80", "did you mean tcp://localhost:80?"},
		{"nosuchprogram -x", "no such program in PATH: \"nosuchprogram\""},
		{"/no/such/program", "no such program: /no/such/program"},
		{"/", "cannot be executed: Is a directory"},
		{"\"/bin/true -x\"", "the quotes make all of it one word"},
		{"/bin/true | cat", "contains |, but no shell is run"},
		{"/bin/true; /bin/false", "contains ;, but no shell is run"},
		{"/bin/true && /bin/false", "contains &&, but no shell is run"},
		{"/bin/true > /dev/null", "contains >, but no shell is run"},
		{"/bin/kill -0 $(cat /run/x.pid)",
			"contains $(cat /run/x.pid), but no shell is run"},
		{"/bin/kill -0 `cat /run/x.pid`", "contains `cat /run/x.pid`, but no shell is run"},
		{"/bin/true # never", "a comment after a value is not supported"},
	};

	CHECK_ROWS("probe", rows);
}
END_TEST

START_TEST(the_options_of_a_probe_are_checked)
{
	static const struct {
		const char *probe, *option, *value, *words;
	} rows[] = {
		{"tcp://127.0.0.1:80", "probe_expect", "SSH-2.0", ""},
		{"tcp://127.0.0.1:80", "probe_send", "PING\\r\\n", ""},
		{"tcp://127.0.0.1:80", "probe_send", "\\q", "\"\\q\" is no escape"},
		{"tcp://127.0.0.1:80", "probe_expect", "~(", "is not a regular expression"},
#ifdef HAVE_OPENSSL
		{"tls://127.0.0.1:80", "probe_tls_ca", "/no/such", "No such file"},
		{"tls://127.0.0.1:80", "probe_tls_ca", "/dev/null", "the file with the CA"},
#endif
		{"http://127.0.0.1:80", "probe_status", "200, 3xx",
			"\"3xx\" is not an HTTP status"},
		{"http://127.0.0.1:80", "probe_send", "x",
			"note: probe_send = \"x\": has no effect"},
		{"http://127.0.0.1:80", "probe_tls_verify", "no", "has no effect"},
		{"/bin/true", "probe_expect", "x", "has no effect"},
		{"http://127.0.0.1/", "probe_host", "a b", "is not a host name"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *said = SAID_OF(
			"service", "x", "probe", rows[i].probe, rows[i].option, rows[i].value);

		ck_assert_msg(rows[i].words[0] != '\0' ? strstr(said, rows[i].words) != NULL
						       : said[0] == '\0',
			"%s: %s", rows[i].value, said);
	}
}
END_TEST

START_TEST(a_program_can_be_executed)
{
	const char *plain = scratch_put("plain", 0644, "%s", "#!/bin/sh\n");
	const char *program = scratch_put("program", 0755, "%s", "#!/bin/sh\n");

	ck_assert_str_eq(SAID_OF("service", "x", "probe", program), "");
	ck_assert_ptr_nonnull(strstr(
		SAID_OF("service", "x", "probe", plain), "is not executable; run chmod +x on it"));
	/* A file in PATH that cannot be executed is skipped, and reported if there is no other. */
	ck_assert_int_eq(setenv("PATH", scratch, 1), 0);
	ck_assert_str_eq(SAID_OF("service", "x", "probe", "program -x"), "");
	ck_assert_ptr_nonnull(
		strstr(SAID_OF("service", "x", "probe", "plain"), "run chmod +x on it"));
	ck_assert_int_eq(setenv("PATH", "/usr/bin:/bin", 1), 0);
}
END_TEST

START_TEST(other_units_and_templates_are_refused)
{
	static const struct row rows[] = {
		{"nginx", ""},
		{"nginx.service", ""},
		{"getty@tty1", ""},
		{"getty@tty1.service", ""},
		{"a.b", ""},
		{"backup.timer", "name a service: backup.service"},
		{"cups.socket", "name a service: cups.service"},
		{"cups.path", "of another type"},
		{"multi-user.target", "of another type"},
		{"home.mount", "of another type"},
		{"getty@", "is a template, not a service; name an instance: getty@INSTANCE"},
		{"getty@.service", "name an instance: getty@INSTANCE"},
		{"\"nginx\"", "quotes around a value are not supported"},
		{"nginx # web", "a comment after a value is not supported"},
		{"nginx, apache2", "is not a valid service name"},
	};
	const char *said;

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int systemd = 0; systemd < 2; systemd++) {
			said = SAID_OF(
				"service", rows[i].value, "manager", systemd ? "systemd" : "auto");
			ck_assert_msg(rows[i].words[0] != '\0' ? strstr(said, rows[i].words) != NULL
							       : said[0] == '\0',
				"%s: %s", rows[i].value, said);
		}
	}
	/* For other managers these names are valid. */
	ck_assert_str_eq(SAID_OF("service", "backup.timer", "manager", "runit"), "");
	ck_assert_str_eq(SAID_OF("service", "getty@", "manager", "lsb"), "");
}
END_TEST

START_TEST(commands_belong_to_the_manager_command)
{
	ck_assert_str_eq(SAID_OF("service", "x", "manager", "command", "status_command",
				 "/bin/true", "restart_command", "true"),
		"");
	ck_assert_ptr_nonnull(strstr(SAID_OF("service", "x", "manager", "command"),
		"f:3: manager = \"command\": needs a status_command"));
	ck_assert_ptr_nonnull(strstr(SAID_OF("service", "x", "manager", "command", "status_command",
					     "/no/such", "restart_command", "/no/other"),
		"f:4: status_command = \"/no/such\": no such program: /no/such"));
	ck_assert_uint_eq(diagnostics.errors, 1);
	/* The program that restarts the service may be installed later, with the service. */
	ck_assert(diagnostics.list[1].note);
	ck_assert_ptr_nonnull(strstr(diagnostics.list[1].text,
		"f:5: note: restart_command = \"/no/other\": no such program: /no/other"));
	/* For a service that no other manager knows. */
	ck_assert_str_eq(SAID_OF("service", "x", "status_command", "true"), "");
	ck_assert_ptr_nonnull(strstr(
		SAID_OF("service", "x", "manager", "systemd", "restart_command", "/bin/true"),
		"f:4: restart_command = \"/bin/true\": is never run with manager = systemd"));
}
END_TEST

START_TEST(a_missing_restart_command_is_noted)
{
	ck_assert_ptr_nonnull(
		strstr(SAID_OF("service", "x", "manager", "command", "status_command", "true"),
			"f:3: note: manager = \"command\": restart_command is missing"));
	ck_assert_uint_eq(diagnostics.errors, 0);
	ck_assert_str_eq(SAID_OF("service", "x", "manager", "command", "status_command", "true",
				 "restart_on", "never"),
		"");
}
END_TEST

START_TEST(conditions_have_a_comparison_and_a_duration)
{
	static const struct row rows[] = {
		{"/daemons/a/x > 1 for 3m, /daemons/b/perfdata/y 0:1000", ""},
		{"/daemons/a/x", "its element \"/daemons/a/x\" has no comparison"},
		{"/daemons/a/x > 1, /daemons/b/y => 2",
			"its element \"/daemons/b/y => 2\" has the comparison"},
		{"/runs/a/errors > 1", "let a daemon of the module average sample it"},
		{"/daemons/a/x > 1,, /daemons/a/y > 1", "empty element"},
	};

	CHECK_ROWS("restart_when", rows);
}
END_TEST

SUITE("service_check", setup, teardown)
{
	TEST(respawn_max_is_a_rate);
	TEST(memory_max_is_a_size_or_a_percentage);
	TEST(pressure_max_is_a_percentage);
	TEST(a_probe_is_an_address_or_a_program);
	TEST(the_options_of_a_probe_are_checked);
	TEST(a_program_can_be_executed);
	TEST(other_units_and_templates_are_refused);
	TEST(commands_belong_to_the_manager_command);
	TEST(a_missing_restart_command_is_noted);
	TEST(conditions_have_a_comparison_and_a_duration);
}
