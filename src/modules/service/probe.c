/*
 * probe: asks a running service itself whether it serves: over TCP, by HTTP, or by a command.
 *
 * One attempt at a time: a socket that connects (and for HTTP sends a request and reads the
 * first line of the answer), or a child, with one deadline over all of it.  All of it is events;
 * a service that accepts and then says nothing costs a descriptor for the timeout and no more.
 */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE 256

struct probe {
	vigil_daemon *daemon;
	double interval, timeout;
	const char *const *command; /* NULL: a socket */
	struct sockaddr_storage address;
	socklen_t length;
	char request[512]; /* "": TCP, connecting is enough */

	bool active;
	int fd; /* -1: none is open */
	vigil_child *child;
	size_t sent, got;
	char line[LINE];
	unsigned failures;
	char text[128];
};

static void on_due(vigil_daemon *d, void *arg);
static void on_timeout(vigil_daemon *d, void *arg);

/* --- the target ---------------------------------------------------------------------------------- */

static bool set_address(struct probe *probe, const char *host, unsigned port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&probe->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&probe->address;

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		probe->length = sizeof(*v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		probe->length = sizeof(*v6);
		return true;
	}
	return false;
}

/* "HOST:PORT" or "[HOST]:PORT" up to a slash or the end; what follows it, or NULL. */
static const char *parse_authority(struct probe *probe, const char *text)
{
	char host[64];
	bool bracket = text[0] == '[';
	size_t n = strcspn(text + bracket, bracket ? "]" : ":/");
	const char *rest = text + bracket + n + bracket;
	unsigned long port;
	char *end;

	if (n == 0 || n >= sizeof(host) || *rest != ':')
		return NULL;
	memcpy(host, text + bracket, n);
	host[n] = '\0';
	port = strtoul(rest + 1, &end, 10);
	if (end == rest + 1 || port == 0 || port > 65535 || (*end != '\0' && *end != '/'))
		return NULL;
	return set_address(probe, host, (unsigned)port) ? end : NULL;
}

static int parse_target(struct probe *probe, const char *target)
{
	bool http = strncmp(target, "http://", 7) == 0;
	const char *authority = target + (http ? 7 : 6);
	const char *rest = parse_authority(probe, authority);
	int n;

	if (rest == NULL || (!http && *rest != '\0'))
		return vigil_refuse(probe->daemon,
			"probe = \"%.80s\" is none of tcp://ADDRESS:PORT, http://ADDRESS:PORT/PATH "
			"or "
			"a command; ADDRESS is a number or localhost",
			target);
	if (!http)
		return 0;
	n = snprintf(probe->request, sizeof(probe->request),
		"GET %s HTTP/1.0\r\nHost: %.*s\r\nUser-Agent: vigil\r\nConnection: close\r\n\r\n",
		*rest != '\0' ? rest : "/", (int)(rest - authority), authority);
	if (n >= (int)sizeof(probe->request) || strpbrk(rest, " \t") != NULL)
		return vigil_refuse(probe->daemon,
			"probe = \"%.80s...\": its path cannot be asked for", target);
	return 0;
}

struct probe *probe_new(vigil_daemon *d, const char *target, const char *const *command,
	double interval, double timeout)
{
	struct probe *probe = vigil_alloc(d, sizeof(*probe));

	probe->daemon = d;
	probe->interval = interval;
	probe->timeout = timeout;
	probe->fd = -1;
	if (strncmp(target, "tcp://", 6) != 0 && strncmp(target, "http://", 7) != 0)
		probe->command = command;
	else if (parse_target(probe, target) != 0)
		return NULL;
	return probe;
}

/* --- one attempt ------------------------------------------------------------------------------------ */

static void close_attempt(struct probe *probe)
{
	vigil_cancel(probe->daemon, on_timeout, probe);
	if (probe->fd >= 0) {
		vigil_unwatch_fd(probe->daemon, probe->fd);
		close(probe->fd);
		probe->fd = -1;
	}
	if (probe->child != NULL)
		vigil_child_end(probe->child);
	probe->child = NULL;
}

static void succeed(struct probe *probe)
{
	close_attempt(probe);
	probe->failures = 0;
	vigil_after(probe->daemon, probe->interval, on_due, probe);
}

static void fail(struct probe *probe, const char *why)
{
	close_attempt(probe);
	probe->failures++;
	vigil_clean(probe->text, sizeof(probe->text), why);
	vigil_event(probe->daemon, "probe failed (%u in a row): %s", probe->failures, probe->text);
	vigil_after(probe->daemon, probe->interval, on_due, probe);
}

static void on_timeout(vigil_daemon *d, void *arg)
{
	fail(arg, "no answer in time");
}

/* --- over a socket ------------------------------------------------------------------------------------ */

static void judge_line(struct probe *probe)
{
	int status = 0;

	probe->line[probe->got] = '\0';
	probe->line[strcspn(probe->line, "\r\n")] = '\0';
	if (sscanf(probe->line, "HTTP/%*d.%*d %d", &status) != 1)
		fail(probe, "the answer is not HTTP");
	else if (status >= 200 && status < 400)
		succeed(probe);
	else
		fail(probe, probe->line);
}

static void on_readable(vigil_daemon *d, int fd, unsigned what, void *arg)
{
	struct probe *probe = arg;
	ssize_t n = recv(fd, probe->line + probe->got, LINE - 1 - probe->got, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		probe->got += (size_t)n;
	if (n < 0)
		fail(probe, strerror(errno));
	else if (n == 0 && probe->got == 0)
		fail(probe, "the connection was closed without an answer");
	else if (n == 0 || probe->got == LINE - 1 || memchr(probe->line, '\n', probe->got) != NULL)
		judge_line(probe);
}

static void on_writable(vigil_daemon *d, int fd, unsigned what, void *arg)
{
	struct probe *probe = arg;
	size_t left = strlen(probe->request) - probe->sent;
	int err = 0;
	socklen_t size = sizeof(err);
	ssize_t n;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size);
	if (err != 0) {
		fail(probe, strerror(err));
		return;
	}
	if (probe->request[0] == '\0') {
		succeed(probe);
		return;
	}
	n = send(fd, probe->request + probe->sent, left, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail(probe, strerror(errno));
	else if (n > 0 && (size_t)n == left)
		vigil_watch_fd(d, fd, VIGIL_READ, on_readable, probe);
	else if (n > 0)
		probe->sent += (size_t)n;
}

static void try_socket(struct probe *probe)
{
	probe->sent = probe->got = 0;
	probe->fd = socket(probe->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe->fd < 0 ||
		(connect(probe->fd, (struct sockaddr *)&probe->address, probe->length) < 0 &&
			errno != EINPROGRESS)) {
		fail(probe, strerror(errno));
		return;
	}
	vigil_watch_fd(probe->daemon, probe->fd, VIGIL_WRITE, on_writable, probe);
	vigil_after(probe->daemon, probe->timeout, on_timeout, probe);
}

/* --- by a command ---------------------------------------------------------------------------------------- */

static void on_child_exit(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct probe *probe = arg;
	char why[64];

	if (probe->child != child)
		return; /* it was ended because nobody waits for it any more */
	probe->child = NULL;
	if (e->timed_out)
		fail(probe, "no answer in time");
	else if (WIFEXITED(e->status) && WEXITSTATUS(e->status) == 0)
		succeed(probe);
	else if (e->length > 0)
		fail(probe, e->output);
	else {
		snprintf(why, sizeof(why), "the command %s %d",
			WIFSIGNALED(e->status) ? "was ended by signal" : "exited with",
			WIFSIGNALED(e->status) ? WTERMSIG(e->status) : WEXITSTATUS(e->status));
		fail(probe, why);
	}
}

static void try_command(struct probe *probe)
{
	probe->child =
		vigil_spawn(probe->daemon, &(vigil_child_spec){.size = sizeof(vigil_child_spec),
						   .argv = probe->command,
						   .timeout = probe->timeout,
						   .output_max = 1024,
						   .on_exit = on_child_exit,
						   .arg = probe});
	if (probe->child == NULL)
		fail(probe, strerror(errno));
}

/* --- again and again ----------------------------------------------------------------------------------- */

static void on_due(vigil_daemon *d, void *arg)
{
	struct probe *probe = arg;

	if (probe->command != NULL)
		try_command(probe);
	else
		try_socket(probe);
}

void probe_begin(struct probe *probe)
{
	if (probe->active)
		return;
	probe->active = true;
	probe->failures = 0;
	vigil_after(probe->daemon, probe->interval, on_due, probe);
}

void probe_end(struct probe *probe)
{
	if (!probe->active)
		return;
	probe->active = false;
	vigil_cancel(probe->daemon, on_due, probe);
	close_attempt(probe);
	probe->failures = 0;
}

unsigned probe_failures(const struct probe *probe)
{
	return probe->failures;
}

const char *probe_text(const struct probe *probe)
{
	return probe->text;
}
