/* check_probe_target: the options of a probe: targets, what is sent, and what is expected. */
#include <errno.h>
#include <string.h>

#include "modules/probe/probe_plan.h"
#include "modules/probe/probe_resolver.h"
#include "modules/probe/probe_tls.h"
#include "suite.h"

/* --- targets ---------------------------------------------------------------------------------- */

static const struct target_row {
	const char *text;
	const char *host;
	unsigned port;
	const char *path, *uri;
	bool tls, http;
} targets[] = {
	{"tcp://127.0.0.1:5665", "127.0.0.1", 5665, "", "", false, false},
	{"tcp://[::1]:80", "::1", 80, "", "", false, false},
	{"tcp://localhost:80", "localhost", 80, "", "", false, false},
	{"tcp://db_1.example-site.org.:5432", "db_1.example-site.org.", 5432, "", "", false, false},
	{"tls://mail.example.org:993", "mail.example.org", 993, "", "", true, false},
	{"http://localhost:8080", "localhost", 8080, "", "/", false, true},
	{"http://example.org", "example.org", 80, "", "/", false, true},
	{"https://example.org/health?full=1#top", "example.org", 443, "", "/health?full=1", true,
		true},
	{"http://[::1]:8080/a?b", "::1", 8080, "", "/a?b", false, true},
	{"unix:/run/x.sock", "", 0, "/run/x.sock", "", false, false},
	{"unix:///run/x.sock", "", 0, "/run/x.sock", "", false, false},
	{"http+unix:/run/x.sock:/v1/info", "", 0, "/run/x.sock", "/v1/info", false, true},
	{"http+unix:/run/x.sock", "", 0, "/run/x.sock", "/", false, true},
};

START_TEST(a_target_is_a_server)
{
	const struct target_row *row = &targets[_i];
	struct probe_target target;
	char why[256] = "";

	ck_assert_msg(probe_target_parse(row->text, &target, why, sizeof(why)) == 0, "%s: %s",
		row->text, why);
	ck_assert(!target.command);
	ck_assert_str_eq(target.host, row->host);
	ck_assert_uint_eq(target.port, row->port);
	ck_assert_str_eq(target.path, row->path);
	ck_assert_str_eq(target.uri, row->uri);
	ck_assert(target.tls == row->tls && target.http == row->http);
}
END_TEST

START_TEST(everything_else_is_a_command)
{
	static const char *const rows[] = {
		"/usr/bin/pg_isready -q", "true", "unix", "tcp:/127.0.0.1", ""};
	struct probe_target target;
	char why[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert_int_eq(probe_target_parse(rows[i], &target, why, sizeof(why)), 0);
		ck_assert(target.command);
	}
}
END_TEST

static const char *const wrong_targets[][2] = {
	{"tcp://127.0.0.1", "missing port: write 127.0.0.1:PORT"},
	{"tcp://127.0.0.1:", "the port \"\" is not a number"},
	{"tcp://127.0.0.1:0", "from 1 to 65535"},
	{"tcp://127.0.0.1:65536", "from 1 to 65535"},
	{"tcp://127.0.0.1:80/x", "unexpected text after the port"},
	{"tcp://127.0.0.1:80x", "the port \"80x\""},
	{"tcp://127.0.0.1:+80", "the port \"+80\""},
	{"tcp://127.0.0.1:-80", "the port \"-80\""},
	{"tcp://exam ple.org:80", "is not an address and not a host name"},
	{"tcp://-x.org:80", "is not an address and not a host name"},
	{"tcp://a..b:80", "is not an address and not a host name"},
	{"tcp://1.2.3:80", "is not an address and not a host name"},
	{"tcp://me@example.org:80", "is not an address and not a host name"},
	{"tcp://[example.org]:80", "is not an address and not a host name"},
	{"tcp://[::1:80", "missing ]"},
	{"tcp://[::1", "missing ]"},
	{"tcp://[", "missing host"},
	{"tcp://", "missing host"},
	{"http://", "missing host"},
	{"https:///x", "missing host"},
	{"http://127.0.0.1:80/a b", "contains a blank"},
	{"http://127.0.0.1:80/a\x7f", "a control character"},
	{"unix:run/x.sock", "is absolute"},
	{"unix:", "is absolute"},
	{"http+unix:x:/", "is absolute"},
};

START_TEST(a_wrong_target_is_refused)
{
	struct probe_target target;
	char why[256] = "";

	ck_assert_int_eq(
		probe_target_parse(wrong_targets[_i][0], &target, why, sizeof(why)), -EINVAL);
	ck_assert_msg(
		strstr(why, wrong_targets[_i][1]) != NULL, "%s: %s", wrong_targets[_i][0], why);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_refused)
{
	static const char *const begins[] = {"http://127.0.0.1:80/", "unix:/", "tcp://a"};
	char text[1000], why[256];
	struct probe_target target;

	for (size_t i = 0; i < COUNT(begins); i++) {
		memset(text, 'x', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		memcpy(text, begins[i], strlen(begins[i]));
		ck_assert_int_eq(probe_target_parse(text, &target, why, sizeof(why)), -EINVAL);
	}
}
END_TEST

/* --- plans ------------------------------------------------------------------------------------ */

static const char *const no_status[] = {NULL};
static struct probe_plan plan;
static const char *option;
static char why[256];

static int make(struct probe_settings settings)
{
	if (settings.status == NULL)
		settings.status = no_status;
	return probe_plan_make(&settings, &plan, &option, why, sizeof(why));
}

#define MAKE(...) make((struct probe_settings){__VA_ARGS__})

START_TEST(a_request_is_one_line_and_its_headers)
{
	ck_assert_int_eq(MAKE(.target = "http://127.0.0.1:8080/a?b"), 0);
	ck_assert_uint_eq(plan.send.length, strlen(plan.send.bytes));
	ck_assert_str_eq(plan.send.bytes,
		"GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: vigil\r\n"
		"Accept: */*\r\nConnection: close\r\n\r\n");
	ck_assert_int_eq(MAKE(.target = "http://[::1]/"), 0);
	ck_assert_ptr_nonnull(strstr(plan.send.bytes, "\r\nHost: [::1]\r\n"));
	ck_assert_int_eq(MAKE(.target = "http+unix:/run/x"), 0);
	ck_assert_ptr_nonnull(strstr(plan.send.bytes, "\r\nHost: localhost\r\n"));
	ck_assert_int_eq(MAKE(.target = "http://127.0.0.1:80/", .host = "www.example.org"), 0);
	ck_assert_ptr_nonnull(strstr(plan.send.bytes, "\r\nHost: www.example.org\r\n"));
	ck_assert_str_eq(plan.name, "www.example.org");
}
END_TEST

START_TEST(a_wrong_option_is_named)
{
	static const char *const statuses[][2] = {{"20", NULL}, {"200-", NULL}, {"300-200", NULL},
		{"999", NULL}, {"200-30", NULL}, {"2xx", NULL}, {"099", NULL}};

	ck_assert_int_eq(MAKE(.target = "tcp://127.0.0.1:80/"), -EINVAL);
	ck_assert_str_eq(option, "probe");
	ck_assert_int_eq(MAKE(.target = "tcp://127.0.0.1:80", .send = "a\\q"), -EINVAL);
	ck_assert_str_eq(option, "probe_send");
	ck_assert_int_eq(MAKE(.target = "tcp://127.0.0.1:80", .expect = "~ ("), -EINVAL);
	ck_assert_str_eq(option, "probe_expect");
	ck_assert_int_eq(MAKE(.target = "http://127.0.0.1:80", .host = "a\r\nX: y"), -EINVAL);
	ck_assert_str_eq(option, "probe_host");
	for (size_t i = 0; i < COUNT(statuses); i++) {
		ck_assert_int_eq(
			MAKE(.target = "http://127.0.0.1:80", .status = statuses[i]), -EINVAL);
		ck_assert_str_eq(option, "probe_status");
	}
}
END_TEST

START_TEST(what_is_not_built_is_refused)
{
	int tls = MAKE(.target = "tls://127.0.0.1:80"), name;

	ck_assert_int_eq(tls, probe_tls_is_built() ? 0 : -EINVAL);
	ck_assert(tls == 0 || strstr(why, "built without OpenSSL") != NULL);
	name = MAKE(.target = "tcp://example.org:80");
	ck_assert_int_eq(name, probe_resolver_is_built() ? 0 : -EINVAL);
	ck_assert(name == 0 || strstr(why, "built without libevent_extra") != NULL);
}
END_TEST

/* --- bytes and expressions -------------------------------------------------------------------- */

START_TEST(escapes_are_decoded)
{
	struct probe_bytes bytes;
	char long_text[PROBE_BYTES + 2];

	ck_assert_int_eq(
		probe_unescape("PING\\r\\n\\t\\\\\\x00\\xfF", &bytes, why, sizeof(why)), 0);
	ck_assert_uint_eq(bytes.length, 10);
	ck_assert_int_eq(memcmp(bytes.bytes, "PING\r\n\t\\\0\xff", 10), 0);
	ck_assert_int_eq(probe_unescape("a\\", &bytes, why, sizeof(why)), -EINVAL);
	ck_assert_int_eq(probe_unescape("\\x1", &bytes, why, sizeof(why)), -EINVAL);
	ck_assert_int_eq(probe_unescape("\\xg1", &bytes, why, sizeof(why)), -EINVAL);
	ck_assert_int_eq(probe_unescape("\\q", &bytes, why, sizeof(why)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "\"\\q\" is no escape"));
	memset(long_text, 'x', sizeof(long_text));
	long_text[PROBE_BYTES + 1] = '\0';
	ck_assert_int_eq(probe_unescape(long_text, &bytes, why, sizeof(why)), -EINVAL);
}
END_TEST

static const struct expect_row {
	const char *expect, *answer;
	bool found;
} expectations[] = {
	{"+PONG\\r\\n", "+PONG\r\n", true},
	{"+PONG\\r\\n", "+PONG\n", false},
	{"SSH-2.0", "SSH-2.0-OpenSSH_9.2\r\n", true},
	{"SSH-2.0", "SSH-1.0-OpenSSH_9.2\r\n", false},
	{"\\x7eok", "a ~ok", true},
	{"~ ^220 .*ESMTP", "220 mail ESMTP Exim\r\n", true},
	{"~^220", "550\r\n220 x\r\n", true},
	{"~^220", "x220\r\n", false},
	{"~ ok$", "all ok\r\nmore", true},
	{"~a|b", "xbx", true},
	{"~a.b", "a\nb", false},
	{"~^$", "a\r\n\r\nb", true},
	{"~a{2}b", "xaab", true},
	{"~\\(", "(", true},
};

/* It is found in a growing answer as well, and not before it is complete. */
START_TEST(an_answer_is_searched)
{
	const struct expect_row *row = &expectations[_i];
	struct probe_expect *expect = probe_expect_new(row->expect, why, sizeof(why));
	size_t length = strlen(row->answer);
	bool found = false;

	ck_assert_msg(expect != NULL, "%s: %s", row->expect, why);
	ck_assert(probe_expect_found(expect, row->answer, length, 0) == row->found);
	for (size_t n = 1; n <= length && !found; n++) {
		found = probe_expect_found(expect, row->answer, n, n - 1);
		ck_assert(found == probe_expect_found(expect, row->answer, n, 0));
	}
	ck_assert(found == row->found);
	probe_expect_free(expect);
}
END_TEST

START_TEST(a_nul_byte_does_not_hide_the_rest)
{
	struct probe_expect *expect = probe_expect_new("~b", why, sizeof(why));

	ck_assert(probe_expect_found(expect, "a\0b", 3, 0));
	probe_expect_free(expect);
	expect = probe_expect_new("a\\x00b", why, sizeof(why));
	ck_assert(probe_expect_found(expect, "xa\0by", 5, 0));
	probe_expect_free(expect);
}
END_TEST

START_TEST(an_invalid_expression_is_refused)
{
	static const char *const rows[] = {
		"~(", "~a)(b", "~", "~  ", "~[a", "~(a)\\1", "~*{", "\\"};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(probe_expect_new(rows[i], why, sizeof(why)) == NULL, "%s", rows[i]);
}
END_TEST

START_TEST(a_large_expression_is_refused)
{
	static const char *const large[] = {"~a++++++++++++++++++++++++++++++", "~((a{30}){30})",
		"~(((((((((((a+)+)+)+)+)+)+)+)+)+)+)+", "~a{32767}", "~.{600,}", "~[a-z]{501}",
		"~(a|b){200}(c|d){200}"};
	static const char *const small[] = {
		"~a{100}b{100,200}", "~[]a+{]+", "~(a+)+", "~\\+\\+\\+", "~x{2,}|y?z*"};

	for (size_t i = 0; i < COUNT(large); i++) {
		ck_assert_msg(probe_expect_new(large[i], why, sizeof(why)) == NULL, "%s", large[i]);
		ck_assert_str_eq(why, "the regular expression is too large");
	}
	for (size_t i = 0; i < COUNT(small); i++) {
		struct probe_expect *expect = probe_expect_new(small[i], why, sizeof(why));

		ck_assert_msg(expect != NULL, "%s: %s", small[i], why);
		probe_expect_free(expect);
	}
}
END_TEST

/* Without the anchor this takes minutes, and the test is ended by its timeout. */
START_TEST(no_answer_makes_a_search_slow)
{
	static char answer[64 * 1024];
	static const char *const rows[] = {"~a.*b", "~(a*)*b", "~(a|aa)+$b", "~(x+x+)+y"};

	memset(answer, 'a', sizeof(answer));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct probe_expect *expect = probe_expect_new(rows[i], why, sizeof(why));

		ck_assert_msg(expect != NULL, "%s", why);
		ck_assert(!probe_expect_found(expect, answer, sizeof(answer), 0));
		probe_expect_free(expect);
	}
}
END_TEST

SUITE("probe_target", NULL, NULL)
{
	LOOP_TEST(a_target_is_a_server, COUNT(targets));
	TEST(everything_else_is_a_command);
	LOOP_TEST(a_wrong_target_is_refused, COUNT(wrong_targets));
	TEST(a_text_that_is_too_long_is_refused);
	TEST(a_request_is_one_line_and_its_headers);
	TEST(a_wrong_option_is_named);
	TEST(what_is_not_built_is_refused);
	TEST(escapes_are_decoded);
	LOOP_TEST(an_answer_is_searched, COUNT(expectations));
	TEST(a_nul_byte_does_not_hide_the_rest);
	TEST(an_invalid_expression_is_refused);
	TEST(a_large_expression_is_refused);
	TEST(no_answer_makes_a_search_slow);
}
