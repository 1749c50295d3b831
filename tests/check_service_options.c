/*
 * check_service_options: the options respawn_max and probe of the module service, which have their
 * own format.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "modules/service/options.h"
#include "modules/service/probe_target.h"
#include "suite.h"

/* --- respawn_max ------------------------------------------------------------------------------ */

static const struct rate_row {
	const char *text;
	int err;
	unsigned count;
	double seconds;
} rates[] = {
	{"3/10m", 0, 3, 600},
	{"1/1s", 0, 1, 1},
	{"99/1d", 0, 99, 86400},
	{"5/90", 0, 5, 90},
	{"2/1500ms", 0, 2, 1.5},
	{"0", 0, 0, 0},
	{"", -EINVAL, 0, 0},
	{"3", -EINVAL, 0, 0},
	{"3/", -EINVAL, 0, 0},
	{"/10m", -EINVAL, 0, 0},
	{"0/10m", -EINVAL, 0, 0},
	{"-3/10m", -EINVAL, 0, 0},
	{"3/-10m", -EINVAL, 0, 0},
	{"3/10x", -EINVAL, 0, 0},
	{"3/10m ", -EINVAL, 0, 0},
	{" 3/10m", -EINVAL, 0, 0},
	{"3 / 10m", -EINVAL, 0, 0},
	{"100/10m", -EINVAL, 0, 0},
	{"3/0s", -EINVAL, 0, 0},
	{"3/2d", -EINVAL, 0, 0},
	{"99999999999999999999/1s", -EINVAL, 0, 0},
	{"3/99999999999999999999d", -EINVAL, 0, 0},
	{"never", -EINVAL, 0, 0},
};

START_TEST(respawn_max_is_a_rate_or_zero)
{
	const struct rate_row *row = &rates[_i];
	unsigned count;
	double seconds;

	ck_assert_msg(options_rate(row->text, &count, &seconds) == row->err, "%s", row->text);
	if (row->err == 0) {
		ck_assert_uint_eq(count, row->count);
		ck_assert_double_eq(seconds, row->seconds);
	} else {
		ck_assert_uint_eq(count, 0);
	}
}
END_TEST

/* --- probe ------------------------------------------------------------------------------------ */

static unsigned port_of(const struct probe_address *a)
{
	return a->address.ss_family == AF_INET6
		       ? ntohs(((const struct sockaddr_in6 *)&a->address)->sin6_port)
		       : ntohs(((const struct sockaddr_in *)&a->address)->sin_port);
}

static const struct target_row {
	const char *text;
	int err;
	bool command;
	unsigned count;
	const char *first, *second;
	unsigned port;
	const char *request; /* its beginning */
} targets[] = {
	{"tcp://127.0.0.1:5665", 0, false, 1, "127.0.0.1", NULL, 5665, NULL},
	{"tcp://[::1]:80", 0, false, 1, "::1", NULL, 80, NULL},
	{"tcp://localhost:80", 0, false, 2, "127.0.0.1", "::1", 80, NULL},
	{"http://localhost:8080", 0, false, 2, "127.0.0.1", "::1", 8080,
		"GET / HTTP/1.0\r\nHost: localhost:8080\r\n"},
	{"http://[::1]:8080/a?b", 0, false, 1, "::1", NULL, 8080,
		"GET /a?b HTTP/1.0\r\nHost: [::1]:8080\r\n"},
	{"/usr/bin/pg_isready -q", 0, true, 0, NULL, NULL, 0, NULL},
	{"tcp://127.0.0.1", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://127.0.0.1:", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://127.0.0.1:0", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://127.0.0.1:65536", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://127.0.0.1:80/x", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://127.0.0.1:80x", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://127.0.0.1:+80", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://127.0.0.1:-80", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://example.org:80", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://[::1:80", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://[::1", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://[", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"tcp://", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"http://", -EINVAL, false, 0, NULL, NULL, 0, NULL},
	{"http://127.0.0.1:80/a b", -EINVAL, false, 0, NULL, NULL, 0, NULL},
};

START_TEST(a_target_is_addresses_and_a_request_or_a_command)
{
	const struct target_row *row = &targets[_i];
	struct probe_target target;
	char why[256] = "";

	ck_assert_msg(probe_target_parse(row->text, &target, why, sizeof(why)) == row->err, "%s",
		row->text);
	if (row->err != 0) {
		ck_assert_msg(strstr(why, row->text) != NULL, "%s", why);
		return;
	}
	ck_assert(target.command == row->command);
	ck_assert_uint_eq(target.count, row->count);
	for (unsigned i = 0; i < target.count; i++) {
		ck_assert_str_eq(target.addresses[i].name, i == 0 ? row->first : row->second);
		ck_assert_uint_eq(port_of(&target.addresses[i]), row->port);
	}
	ck_assert((target.request[0] != '\0') == (row->request != NULL));
	if (row->request != NULL)
		ck_assert_int_eq(strncmp(target.request, row->request, strlen(row->request)), 0);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
	char text[1000] = "http://127.0.0.1:80/", why[256];
	struct probe_target target;

	memset(text + strlen(text), 'x', sizeof(text) - strlen(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(probe_target_parse(text, &target, why, sizeof(why)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "too long"));
}
END_TEST

SUITE("service_options", NULL, NULL)
{
	LOOP_TEST(respawn_max_is_a_rate_or_zero, COUNT(rates));
	LOOP_TEST(a_target_is_addresses_and_a_request_or_a_command, COUNT(targets));
	TEST(a_path_that_is_too_long_is_refused);
}
