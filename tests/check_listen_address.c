/* check_listen_address: the addresses that daemons listen on. */
#include "process/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

static const char *printed(const struct listen_address *address, char text[256])
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&address->sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->sa;
	char host[INET6_ADDRSTRLEN];

	if (address->kind == LISTEN_UNIX)
		snprintf(text, 256, "unix:%s", address->name);
	else if (in->sin_family == AF_INET)
		snprintf(text, 256, "%s:%u", inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host)),
			ntohs(in->sin_port));
	else
		snprintf(text, 256, "[%s]:%u",
			inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host)),
			ntohs(in6->sin6_port));
	return text;
}

START_TEST(addresses_are_parsed)
{
	static const struct {
		const char *text;
		enum listen_kind kind;
		const char *printed; /* NULL: the address is invalid */
	} rows[] = {
		{"127.0.0.1:5669", LISTEN_INET, "127.0.0.1:5669"},
		{"0.0.0.0:0", LISTEN_INET, "0.0.0.0:0"},
		{"[::1]:5669", LISTEN_INET, "[::1]:5669"},
		{"[2001:db8:0::1]:65535", LISTEN_INET, "[2001:db8::1]:65535"},
		{"unix:/run/vigil/http.sock", LISTEN_UNIX, "unix:/run/vigil/http.sock"},
		{"systemd", LISTEN_SYSTEMD, ""},
		{"systemd:web", LISTEN_SYSTEMD, "web"},
		{"", LISTEN_INET, NULL},
		{":5669", LISTEN_INET, NULL},
		{"5669", LISTEN_INET, NULL},
		{"127.0.0.1", LISTEN_INET, NULL},
		{"127.0.0.1:", LISTEN_INET, NULL},
		{"127.0.0.1:65536", LISTEN_INET, NULL},
		{"127.0.0.1:+1", LISTEN_INET, NULL},
		{"127.0.0.1:1 ", LISTEN_INET, NULL},
		{"127.0.0.1:000001", LISTEN_INET, NULL},
		{"localhost:5669", LISTEN_INET, NULL},
		{"::1:5669", LISTEN_INET, NULL},
		{"[127.0.0.1]:5669", LISTEN_INET, NULL},
		{"[::1:5669", LISTEN_INET, NULL},
		{"[]:5669", LISTEN_INET, NULL},
		{"unix:", LISTEN_UNIX, NULL},
		{"unix:run/http.sock", LISTEN_UNIX, NULL},
		{"systemd:", LISTEN_SYSTEMD, NULL},
		{"systemdx", LISTEN_SYSTEMD, NULL},
	};
	struct listen_address address;
	char why[128], text[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		int err = listen_address_parse(rows[i].text, &address, why, sizeof(why));

		ck_assert_msg(err == (rows[i].printed != NULL ? 0 : -EINVAL), "%s", rows[i].text);
		if (rows[i].printed == NULL) {
			ck_assert_uint_gt(strlen(why), 10);
			continue;
		}
		ck_assert_int_eq(address.kind, rows[i].kind);
		if (rows[i].kind == LISTEN_SYSTEMD)
			ck_assert_str_eq(address.name, rows[i].printed);
		else
			ck_assert_str_eq(printed(&address, text), rows[i].printed);
	}
}
END_TEST

START_TEST(the_length_of_socket_paths_is_limited)
{
	struct listen_address address;
	char text[256] = "unix:/", why[128];

	memset(text + 6, 'x', 106);
	ck_assert_int_eq(listen_address_parse(text, &address, why, sizeof(why)), 0);
	ck_assert_uint_eq(strlen(address.name), 107);
	text[112] = 'x';
	ck_assert_int_eq(listen_address_parse(text, &address, why, sizeof(why)), -EINVAL);
}
END_TEST

SUITE("listen_address", NULL, NULL)
{
	TEST(addresses_are_parsed);
	TEST(the_length_of_socket_paths_is_limited);
}
