/* check_metrics: helpers of the http module: formats, host names, tokens and addresses. */
#include "../src/modules/http/address.h"
#include "../src/modules/http/exposition.h"
#include "../src/modules/http/auth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "process/listen_address.h"
#include "scratch.h"
#include "suite.h"

static char *text_of(struct evbuffer *out)
{
	static char text[4096];
	ev_ssize_t n = evbuffer_remove(out, text, sizeof(text) - 1);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	evbuffer_free(out);
	return text;
}

/* --- exposition ------------------------------------------------------------------------------- */

START_TEST(labels_are_escaped)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"plain", "plain"},
		{"a\\b", "a\\\\b"},
		{"say \"no\"", "say \\\"no\\\""},
		{"two\nlines", "two\\nlines"},
		{"\n", "\\n"},
		{"\\\"\n", "\\\\\\\"\\n"},
		{"caf\xc3\xa9 {}=,#\t", "caf\xc3\xa9 {}=,#\t"},
		{"\x1b]0;t\x07\x7f\r\"", "\\\\x1B]0;t\\\\x07\\\\x7F\\\\r\\\""},
		{"\xc2\x9b \xe2\x80\xae\n\xff", "\\\\u{9B} \\\\u{202E}\\n\\\\xFF"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct evbuffer *out = evbuffer_new();

		exposition_escape(out, rows[i][0]);
		ck_assert_str_eq(text_of(out), rows[i][1]);
	}
}
END_TEST

START_TEST(samples_are_formatted)
{
	const struct exposition_label labels[] = {{"a", "1"}, {"b", "x\"y"}, {0}};
	struct evbuffer *out = evbuffer_new();

	exposition_sample(out, "n", labels, 1);
	exposition_sample(out, "n", &labels[2], 0.1);
	exposition_sample(out, "n", &labels[2], 12345678901234);
	exposition_sample(out, "n", &labels[2], 1.0 / 3);
	exposition_sample(out, "n", &labels[2], -2.5e-7);
	ck_assert_str_eq(text_of(out), "n{a=\"1\",b=\"x\\\"y\"} 1\n"
				       "n 0.1\n"
				       "n 12345678901234\n"
				       "n 0.3333333333333333\n"
				       "n -0.00000025\n");
}
END_TEST

START_TEST(families_are_formatted)
{
	static const struct exposition_family rows[] = {
		{"a_seconds_total", EXPOSITION_COUNTER, "seconds", "Help."},
		{"b_info", EXPOSITION_INFO, NULL, "Help."},
		{"c", EXPOSITION_GAUGE, NULL, "Help."},
	};
	static const char *const text[] = {
		"# TYPE a_seconds_total counter\n# HELP a_seconds_total Help.\n",
		"# TYPE b_info gauge\n# HELP b_info Help.\n",
		"# TYPE c gauge\n# HELP c Help.\n",
	};
	static const char *const openmetrics[] = {
		"# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds Help.\n",
		"# TYPE b info\n# HELP b Help.\n",
		"# TYPE c gauge\n# HELP c Help.\n",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct evbuffer *out = evbuffer_new();

		exposition_begin(out, EXPOSITION_TEXT, &rows[i]);
		exposition_end(out, EXPOSITION_TEXT);
		ck_assert_str_eq(text_of(out), text[i]);
		out = evbuffer_new();
		exposition_begin(out, EXPOSITION_OPENMETRICS, &rows[i]);
		ck_assert_str_eq(text_of(out), openmetrics[i]);
	}
	struct evbuffer *out = evbuffer_new();
	exposition_end(out, EXPOSITION_OPENMETRICS);
	ck_assert_str_eq(text_of(out), "# EOF\n");
}
END_TEST

/* --- Accept ----------------------------------------------------------------------------------- */

START_TEST(the_format_is_negotiated)
{
	static const struct {
		const char *accept;
		enum exposition_format format;
	} rows[] = {
		{NULL, EXPOSITION_TEXT},
		{"", EXPOSITION_TEXT},
		{"*/*", EXPOSITION_TEXT},
		{"text/html,application/xhtml+xml,*/*;q=0.8", EXPOSITION_TEXT},
		{"application/openmetrics-text", EXPOSITION_OPENMETRICS},
		{"Application/OpenMetrics-Text ; Version=\"1.0.0\"", EXPOSITION_OPENMETRICS},
		{"application/openmetrics-text;version=2.0.0", EXPOSITION_TEXT},
		{"application/openmetrics-text;q=0", EXPOSITION_TEXT},
		{"application/openmetrics-text;q=0.2, text/plain;q=0.5", EXPOSITION_TEXT},
		{"text/plain;q=0.2, application/openmetrics-text;q=0.5", EXPOSITION_OPENMETRICS},
		{"text/plain, application/openmetrics-text", EXPOSITION_OPENMETRICS},
		{"application/json", EXPOSITION_TEXT},
		{";;;,,,=", EXPOSITION_TEXT},
		/* The requests of Prometheus 2 and 3. */
		{"application/openmetrics-text;version=1.0.0,"
		 "application/openmetrics-text;version=0.0.1;q=0.75,"
		 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
			EXPOSITION_OPENMETRICS},
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
		 "application/openmetrics-text;version=0.0.1;q=0.5,"
		 "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
		 "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
			EXPOSITION_OPENMETRICS},
		{"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", EXPOSITION_TEXT},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(exposition_negotiate(rows[i].accept) == rows[i].format, "%s",
			rows[i].accept);
}
END_TEST

/* --- Host ------------------------------------------------------------------------------------- */

START_TEST(hosts_are_checked)
{
	static const char *const names[] = {"mon.example.org", "[2001:db8::1]", NULL};
	static const char *const none[] = {NULL};
	static const char *const any[] = {"*", NULL};
	static const struct {
		const char *listening, *host;
		bool allowed;
	} rows[] = {
		{"127.0.0.1:5669", "127.0.0.1", true},
		{"127.0.0.1:5669", "127.0.0.1:5669", true},
		{"127.0.0.1:5669", "127.0.0.1:80", true},
		{"127.0.0.1:5669", "localhost:5669", true},
		{"127.0.0.1:5669", "LocalHost.", true},
		{"127.0.0.1:5669", "[::1]:5669", true},
		{"127.0.0.1:5669", "mon.example.org:1", true},
		{"127.0.0.1:5669", "MON.example.org.", true},
		{"127.0.0.1:5669", "[2001:db8::1]", true},
		{"127.0.0.1:5669", "evil.example", false},
		{"127.0.0.1:5669", "127.0.0.1.evil.example", false},
		{"127.0.0.1:5669", "localhost.evil.example", false},
		{"127.0.0.1:5669", "mon.example.org.evil.example", false},
		{"127.0.0.1:5669", "evil.example:127.0.0.1", false},
		{"127.0.0.1:5669", "localhost:5669@evil", false},
		{"127.0.0.1:5669", "192.0.2.1", false},
		{"127.0.0.1:5669", "[::1", false},
		{"127.0.0.1:5669", "[]", false},
		{"127.0.0.1:5669", "", false},
		{"127.0.0.1:5669", ":5669", false},
		{"127.0.0.1:5669", ".", false},
		{"127.0.0.1:5669", "*", false},
		{"192.0.2.1:80", "192.0.2.1", true},
		{"192.0.2.1:80", "192.0.2.2", false},
		{"192.0.2.1:80", "evil.example", false},
		{"[2001:db8::2]:80", "[2001:db8:0::2]:80", true},
		{"[2001:db8::2]:80", "[2001:db8::3]:80", false},
		{"0.0.0.0:80", "192.0.2.2", true},
		{"[::]:80", "[2001:db8::9]", true},
		{"0.0.0.0:80", "evil.example", false},
	};
	char why[128];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct listen_address address;

		ck_assert_int_eq(
			listen_address_parse(rows[i].listening, &address, why, sizeof(why)), 0);
		ck_assert_msg(auth_host(rows[i].host, names, (struct sockaddr *)&address.sa) ==
				      rows[i].allowed,
			"%s at %s", rows[i].host, rows[i].listening);
		ck_assert(rows[i].host[0] == '\0' || strpbrk(rows[i].host, ":[.*") != NULL ||
			  auth_host(rows[i].host, any, (struct sockaddr *)&address.sa));
		if (strstr(rows[i].host, "example") != NULL)
			ck_assert(!auth_host(rows[i].host, none, (struct sockaddr *)&address.sa));
	}
}
END_TEST

START_TEST(local_addresses_are_recognized)
{
	static const struct {
		const char *text;
		bool local, any;
	} rows[] = {
		{"127.0.0.1:1", true, false},
		{"127.9.9.9:1", true, false},
		{"[::1]:1", true, false},
		{"[::ffff:127.0.0.1]:1", true, false},
		{"unix:/x", true, false},
		{"0.0.0.0:1", false, true},
		{"[::]:1", false, true},
		{"192.0.2.1:1", false, false},
		{"[2001:db8::1]:1", false, false},
		{"[::ffff:192.0.2.1]:1", false, false},
	};
	struct listen_address address;
	char why[128];

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sockaddr *sa = (struct sockaddr *)&address.sa;

		ck_assert_int_eq(listen_address_parse(rows[i].text, &address, why, sizeof(why)), 0);
		ck_assert_msg(address_is_local(sa) == rows[i].local, "%s", rows[i].text);
		ck_assert_msg(address_is_any(sa) == rows[i].any, "%s", rows[i].text);
	}
}
END_TEST

/* --- tokens ----------------------------------------------------------------------------------- */

#define TOKEN "0123456789abcdef-TOKEN"

START_TEST(tokens_are_compared)
{
	ck_assert(auth_equal(TOKEN, TOKEN));
	ck_assert(!auth_equal("", TOKEN));
	ck_assert(!auth_equal("", ""));
	ck_assert(!auth_equal("x", ""));
	ck_assert(!auth_equal("0123456789abcdef-TOKEn", TOKEN));
	ck_assert(!auth_equal("0123456789abcdef-TOKE", TOKEN));
	ck_assert(!auth_equal(TOKEN TOKEN, TOKEN));
}
END_TEST

START_TEST(tokens_are_read_from_headers)
{
	static const struct {
		const char *header;
		bool right;
	} rows[] = {
		{NULL, false},
		{"", false},
		{"Bearer", false},
		{"Bearer ", false},
		{"Bearer " TOKEN, true},
		{"bearer  " TOKEN, true},
		{"Bearer " TOKEN "x", false},
		{"Bearer" TOKEN, false},
		{TOKEN, false},
		/* admin:TOKEN, :TOKEN, TOKEN: and TOKEN as the credentials of Basic
		 * authentication */
		{"Basic YWRtaW46MDEyMzQ1Njc4OWFiY2RlZi1UT0tFTg==", true},
		{"Basic OjAxMjM0NTY3ODlhYmNkZWYtVE9LRU4=", true},
		{"Basic MDEyMzQ1Njc4OWFiY2RlZi1UT0tFTjo=", false},
		{"Basic MDEyMzQ1Njc4OWFiY2RlZi1UT0tFTg==", false},
		{"Basic YWRtaW46", false},
		{"Basic !!!!", false},
		{"Basic YWRt=W46", false},
		{"Basic ", false},
		{"Digest " TOKEN, false},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(auth_authorized(rows[i].header, TOKEN) == rows[i].right, "%s",
			rows[i].header);
}
END_TEST

static void put_file(const char *path, const char *text, size_t length, mode_t mode)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(token_files_are_checked)
{
	static const struct {
		const char *text;
		size_t length; /* 0: up to its NUL */
		mode_t mode;
		int err;
	} rows[] = {
		{TOKEN, 0, 0600, 0},
		{TOKEN "\n", 0, 0400, 0},
		{TOKEN "\r\n", 0, 0640, 0},
		{TOKEN, 0, 0644, -EPERM},
		{TOKEN, 0, 0620, -EPERM},
		{TOKEN, 0, 0602, -EPERM},
		{"", 0, 0600, -EINVAL},
		{"\n", 0, 0600, -EINVAL},
		{"short\n", 0, 0600, -EINVAL},
		{TOKEN "\nmore\n", 0, 0600, -EINVAL},
		{TOKEN " \n", 0, 0600, -EINVAL},
		{"caf\xc3\xa9-caf\xc3\xa9-caf\xc3\xa9-\n", 0, 0600, -EINVAL},
		{"0123456789abcdef\0x", 18, 0600, -EINVAL},
	};
	const char *path = scratch_path("token");
	char token[AUTH_TOKEN_MAX], why[512];

	for (size_t i = 0; i < COUNT(rows); i++) {
		put_file(path, rows[i].text,
			rows[i].length != 0 ? rows[i].length : strlen(rows[i].text), rows[i].mode);
		ck_assert_msg(auth_read_token(path, token, why, sizeof(why)) == rows[i].err,
			"row %zu", i);
		if (rows[i].err == 0)
			ck_assert_str_eq(token, TOKEN);
	}
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(auth_read_token(path, token, why, sizeof(why)), -ENOENT);
	ck_assert_ptr_nonnull(strstr(why, "/token: No such file or directory"));
	ck_assert_int_eq(auth_read_token("/", token, why, sizeof(why)), -EPERM);
}
END_TEST

SUITE("metrics", scratch_setup, scratch_teardown)
{
	TEST(labels_are_escaped);
	TEST(samples_are_formatted);
	TEST(families_are_formatted);
	TEST(the_format_is_negotiated);
	TEST(hosts_are_checked);
	TEST(local_addresses_are_recognized);
	TEST(tokens_are_compared);
	TEST(tokens_are_read_from_headers);
	TEST(token_files_are_checked);
}
