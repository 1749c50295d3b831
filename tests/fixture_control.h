/*
 * fixture_control: a real host with its real control socket, and clients for tests of it.
 *
 * The host and the clients share one thread. A client that waits runs the loop, so the tests do not
 * depend on the scheduler.
 */
#ifndef FIXTURE_CONTROL_H
#define FIXTURE_CONTROL_H

#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/event.h>

#include "base/diagnostic.h"
#include "control/control.h"
#include "fixture_loop.h"
#include "host/host.h"
#include "scratch.h"

static struct host *host;
static struct control *control;
static char sock[128];

static void start_in(const char *socket, const char *group)
{
	struct diagnostics diagnostics = {0};
	const char *file = scratch_put("vigil.conf", 0644,
		"[vigil]\nsocket = %s\npipe = %s\nstate_dir = %s\ngroup = %s\nlog = stderr\n",
		socket, scratch_path("control.pipe"), scratch_path("state"), group);

	snprintf(sock, sizeof(sock), "%s", socket);
	log_set_sink(on_log, NULL);
	host = host_new(file, &diagnostics);
	ck_assert_msg(host != NULL, "%s", diagnostics.count ? diagnostics.list[0].text : "");
	diagnostics_clear(&diagnostics);
}

static void start_for(const char *group)
{
	start_in(scratch_path("control.sock"), group);
	control = control_open(host);
	ck_assert_ptr_nonnull(control);
}

UNUSED static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	scratch_setup();
	start_for("no-such-group");
}

UNUSED static void teardown(void)
{
	control_close(control);
	host_free(host);
	log_set_sink(NULL, NULL);
	scratch_teardown();
}

/* --- clients ---------------------------------------------------------------------------------- */

/* Runs the loop once, for the events that are ready now or within 20 ms. */
UNUSED static void turn(void)
{
	static const struct timeval tick = {.tv_usec = 20000};
	struct event_base *base = loop_base(host_loop(host));

	event_base_loopexit(base, &tick);
	ck_assert_int_ge(event_base_loop(base, EVLOOP_ONCE), 0);
}

UNUSED static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	strcpy(address.sun_path, sock);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

UNUSED static void put_bytes(int fd, const char *bytes, size_t length)
{
	uint64_t until = clock_now() + PATIENCE;
	ssize_t n;

	while (length > 0) {
		n = send(fd, bytes, length, MSG_NOSIGNAL);
		if (n > 0) {
			bytes += n;
			length -= (size_t)n;
			continue;
		}
		ck_assert_int_eq(errno, EAGAIN);
		ck_assert(clock_now() < until);
		turn();
	}
}

UNUSED static void put(int fd, const char *text)
{
	put_bytes(fd, text, strlen(text));
}

/* Returns the next line without its newline; the caller frees it. NULL: the connection was
 * closed. */
UNUSED static char *get_line(int fd)
{
	uint64_t until = clock_now() + PATIENCE;
	size_t length = 0, size = 0;
	char *line = NULL, *end;
	ssize_t n;

	for (;;) {
		if (length + 65536 > size)
			line = realloc(line, size = 2 * size + 65537);
		n = recv(fd, line + length, size - length - 1, MSG_PEEK);
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			free(line);
			return NULL;
		}
		if (n > 0) {
			end = memchr(line + length, '\n', (size_t)n);
			n = recv(fd, line + length,
				end != NULL ? (size_t)(end - line) + 1 - length : (size_t)n, 0);
			length += (size_t)n;
			if (end != NULL) {
				*end = '\0';
				return line;
			}
		} else {
			ck_assert(clock_now() < until);
			turn();
		}
	}
}

UNUSED static json_t *get_object(int fd)
{
	char *line = get_line(fd);
	json_t *object = line != NULL ? json_loads(line, 0, NULL) : NULL;

	ck_assert_msg(line == NULL || object != NULL, "not JSON: %.200s", line);
	free(line);
	if (object != NULL)
		ck_assert_str_eq(json_string_value(json_object_get(object, "jsonrpc")), "2.0");
	return object;
}

UNUSED static int code_of(json_t *reply)
{
	ck_assert_ptr_nonnull(reply);
	return (int)json_integer_value(json_object_get(json_object_get(reply, "error"), "code"));
}

/* Sends a request and returns the error code of its reply; 0: the reply is a result. */
UNUSED static int ask(int fd, const char *line)
{
	json_t *reply;
	int code;

	put(fd, line);
	put(fd, "\n");
	reply = get_object(fd);
	code = code_of(reply);
	ck_assert_int_eq(code == 0, json_object_get(reply, "result") != NULL);
	json_decref(reply);
	return code;
}

#define ASK       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"}"
#define WATCH_ALL "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\"}"

/* Waits until the server closes the connection, and discards the data before that. */
UNUSED static bool closes(int fd)
{
	char *line;

	while ((line = get_line(fd)) != NULL)
		free(line);
	return true;
}

UNUSED static bool is_open(int fd)
{
	char byte;

	for (int i = 0; i < 5; i++)
		turn();
	return recv(fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

UNUSED static void hold_open(int *fds, int from, int to, const char *request)
{
	for (int i = from; i < to; i++) {
		fds[i] = dial();
		if (request != NULL)
			ck_assert_int_eq(ask(fds[i], request), 0);
		else
			turn();
	}
}

UNUSED static void close_all(const int *fds, int count)
{
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

UNUSED static json_t *big_text(size_t length)
{
	char *text = malloc(length + 1);
	json_t *value;

	memset(text, 'x', length);
	text[length] = '\0';
	value = json_string(text);
	free(text);
	return value;
}

#endif
