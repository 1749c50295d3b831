/* check_api_listen: the listening sockets of vigil.h. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture_daemon.h"

static unsigned accepted;
static int closes = -1; /* the listening socket that the callback closes; -1: none */

static void on_accept(vigil_daemon *daemon, int fd, void *arg)
{
	ck_assert_ptr_eq(daemon, d);
	ck_assert_ptr_eq(arg, &accepted);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
	accepted++;
	if (closes >= 0)
		ck_assert_int_eq(vigil_listen_close(daemon, closes), 0);
	closes = -1;
}

static int listen_at(const char *address, vigil_accept_fn *fn)
{
	const vigil_listen_spec spec = {
		.size = sizeof(spec), .address = address, .on_accept = fn, .arg = &accepted};

	return vigil_listen(d, &spec);
}

/* Connects to a listening socket and returns the connection. */
static int connect_to(int listening)
{
	struct sockaddr_storage sa;
	socklen_t size = sizeof(sa);
	int fd;

	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&sa, &size), 0);
	fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, size), 0);
	return fd;
}

static void is_answered(int fd)
{
	char byte;

	TURN_UNTIL(recv(fd, &byte, 1, MSG_DONTWAIT) == 1);
	close(fd);
}

START_TEST(connections_reach_the_module)
{
	int fd = listen_at("127.0.0.1:0", on_accept), one, two;

	accepted = 0;
	ck_assert_int_ge(fd, 0);
	one = connect_to(fd);
	two = connect_to(fd);
	is_answered(one);
	is_answered(two);
	ck_assert_uint_eq(accepted, 2);
	/* the callback may close the socket */
	closes = fd;
	is_answered(connect_to(fd));
	ck_assert_int_eq(vigil_listen_close(d, fd), -ENOENT);
	ck_assert_uint_eq(logged_lines, 0);
}
END_TEST

START_TEST(a_module_may_accept_itself)
{
	int fd = listen_at("[::1]:0", NULL), client, server;

	if (fd < 0)
		return; /* there is no IPv6 */
	client = connect_to(fd);
	server = accept(fd, NULL, NULL);
	ck_assert_int_ge(server, 0);
	close(server);
	close(client);
}
END_TEST

START_TEST(a_unix_socket_is_for_the_user_alone_and_ends_with_the_daemon)
{
	char text[160];
	char address[256];
	struct stat st;
	int fd;

	snprintf(address, sizeof(address), "unix:%s", scratch_path("sock"));
	fd = listen_at(address, on_accept);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(stat(scratch_path("sock"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	is_answered(connect_to(fd));
	ck_assert_int_eq(listen_at(address, on_accept), -EADDRINUSE);
	snprintf(text, sizeof(text), "sock: %s", strerror(EADDRINUSE));
	ck_assert_uint_eq(log_holds(text), 1);
	daemon_stop(d);
	ck_assert_int_lt(stat(scratch_path("sock"), &st), 0);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
}
END_TEST

static int start_twice(vigil_daemon *daemon)
{
	const vigil_listen_spec spec = {.size = sizeof(spec), .address = "192.0.2.1:5000"};

	d = daemon;
	vigil_listen(daemon, &spec);
	return 0;
}

START_TEST(a_failure_in_start_is_the_reason)
{
	char text[160];

	ck_assert_int_ne(start_with(start_twice), 0);
	snprintf(text, sizeof(text), "listen: 192.0.2.1:5000: %s", strerror(EADDRNOTAVAIL));
	ck_assert_str_eq(daemon_reason(d), text);
	in_start = NULL;
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(listen_at("localhost:1", NULL), -EINVAL);
	ck_assert_int_eq(listen_at("systemd", NULL), -ENOTCONN); /* it has passed none */
	ck_assert_int_eq(vigil_listen(d, NULL), -EINVAL);
}
END_TEST

START_TEST(an_address_is_checked_without_opening_it)
{
	char why[160];

	ck_assert_int_eq(vigil_check_address("192.0.2.1:5000", why, sizeof(why)), 0);
	ck_assert_int_eq(vigil_check_address("systemd", why, sizeof(why)), 0);
	ck_assert_int_eq(vigil_check_address("localhost:1", why, sizeof(why)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "written in numbers"));
}
END_TEST

SUITE("api_listen", up, down)
{
	TEST(connections_reach_the_module);
	TEST(a_module_may_accept_itself);
	TEST(a_unix_socket_is_for_the_user_alone_and_ends_with_the_daemon);
	TEST(a_failure_in_start_is_the_reason);
	TEST(an_address_is_checked_without_opening_it);
}
