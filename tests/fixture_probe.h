/*
 * fixture_probe: servers on loopback addresses, which run in children of the test, and probes of
 * them.
 */
#ifndef FIXTURE_PROBE_H
#define FIXTURE_PROBE_H

#include <arpa/inet.h>
#include <dirent.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "modules/probe/probe.h"
#include "children.h"
#include "fixture_daemon.h"

/* --- servers ---------------------------------------------------------------------------------- */

typedef void serve_fn(int client);

static const char *script; /* what serve_script sends */
static size_t script_length;

static int listen_on(int family, unsigned *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr *address =
		family == AF_INET ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
	socklen_t length = family == AF_INET ? sizeof(in) : sizeof(in6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	in.sin_port = in6.sin6_port = htons((uint16_t)*port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (fd < 0 || bind(fd, address, length) < 0 || listen(fd, 16) < 0 ||
		getsockname(fd, address, &length) < 0) {
		close(fd);
		return -1;
	}
	*port = ntohs(family == AF_INET ? in.sin_port : in6.sin6_port);
	return fd;
}

UNUSED static int listen_unix(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	return fd;
}

/* Runs a server in a child and returns its pid. */
static pid_t serve(int fd, serve_fn *fn)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0) {
		close(fd);
		return pid;
	}
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int client = accept(fd, NULL, NULL);

		fn(client);
		close(client);
	}
}

/* Reads what has been sent, up to the end of an HTTP head or a line. */
UNUSED static void read_request(int client)
{
	char bytes[4096];

	ck_assert_int_ge(recv(client, bytes, sizeof(bytes), 0), 0);
}

UNUSED static void serve_nothing(int client)
{
	char byte;

	while (recv(client, &byte, 1, 0) > 0)
		;
}

UNUSED static void serve_close(int client)
{
}

UNUSED static void serve_script(int client)
{
	send(client, script, script_length, MSG_NOSIGNAL);
	shutdown(client, SHUT_WR);
	serve_nothing(client);
}

/* Answers only what it is asked for. */
UNUSED static void serve_ping(int client)
{
	char bytes[6];

	if (recv(client, bytes, 6, MSG_WAITALL) == 6 && memcmp(bytes, "PING\r\n", 6) == 0)
		send(client, "+PONG\r\n", 7, MSG_NOSIGNAL);
	serve_nothing(client);
}

UNUSED static void serve_slowly(int client)
{
	for (size_t i = 0; i < script_length; i++) {
		if (send(client, script + i, 1, MSG_NOSIGNAL) != 1)
			return;
		usleep(2000);
	}
	serve_nothing(client);
}

/* Sends without an end. */
UNUSED static void serve_flood(int client)
{
	char bytes[4096];

	memset(bytes, 'x', sizeof(bytes));
	if (script_length > 0)
		send(client, script, script_length, MSG_NOSIGNAL);
	while (send(client, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
		;
}

UNUSED static void serve_http(int client)
{
	read_request(client);
	serve_script(client);
}

UNUSED static void set_script(const char *text)
{
	script = text;
	script_length = strlen(text);
}

/* --- probes ----------------------------------------------------------------------------------- */

static struct probe *probe;
static struct probe_settings settings;
static unsigned results;
static enum probe_outcome outcome;
static char why[PROBE_WHY];
static double certificate_seconds;
static char target[256];
static unsigned descriptors;

static unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void on_result(vigil_daemon *daemon, const struct probe_result *result, void *arg)
{
	results++;
	outcome = result->outcome;
	certificate_seconds = result->certificate;
	snprintf(why, sizeof(why), "%s", result->why);
	ck_assert_double_ge(result->seconds, 0);
}

static void setup(void)
{
	static const char *const none[] = {NULL};

	signal(SIGPIPE, SIG_IGN); /* as in vigild */
	up();
	settings = (struct probe_settings){
		.target = target, .status = none, .verify = true, .timeout = 20};
	results = 0;
	set_script("");
	descriptors = count_descriptors();
}

/* Nothing is left of a probe that is closed. */
static void teardown(void)
{
	probe_close(probe);
	turn_for(20 * CLOCK_MS);
	ck_assert_uint_eq(count_descriptors(), descriptors);
	kill_and_reap_all();
	down();
}

/* Makes one attempt at the target and returns its outcome. */
UNUSED static enum probe_outcome attempt(void)
{
	results = 0;
	probe_close(probe);
	probe = probe_new(d, &settings, on_result, NULL);
	ck_assert_ptr_nonnull(probe);
	probe_try(probe);
	TURN_UNTIL(results > 0);
	ck_assert(!probe_is_busy(probe));
	return outcome;
}

UNUSED static void aim(const char *format, unsigned port)
{
	/* the formats are those of this file */
	const char *at = strchr(format, '%');

	snprintf(target, sizeof(target), "%.*s%u%s", (int)(at - format), format, port, at + 2);
}

UNUSED static pid_t serve_here(serve_fn *fn, const char *format)
{
	unsigned port = 0;
	int fd = listen_on(AF_INET, &port);

	ck_assert_int_ge(fd, 0);
	aim(format, port);
	return serve(fd, fn);
}

#define FAILS(words)                                                 \
	do {                                                         \
		ck_assert_msg(attempt() == PROBE_FAILED, "%s", why); \
		ck_assert_str_eq(why, words);                        \
	} while (0)
#define SUCCEEDS()                                                      \
	do {                                                            \
		ck_assert_msg(attempt() == PROBE_SUCCEEDED, "%s", why); \
		ck_assert_str_eq(why, "");                              \
	} while (0)

#endif
