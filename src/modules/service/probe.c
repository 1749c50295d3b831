/*
 * probe: see probe.h.
 *
 * There is one attempt at a time: either a socket that connects (and for HTTP sends a request and
 * reads the first line of the answer), or a child. All I/O is event-driven: a service that accepts
 * a connection and then sends nothing costs one descriptor until the timeout. If the target has two
 * addresses, each has half of the timeout, and the second is tried when the first does not answer.
 */
#include "probe.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe_answer.h"
#include "probe_target.h"

#define LINE 256
#define WHY  PROBE_WHY
/* Seconds. After a start the first probe does not wait for a long interval. */
#define FIRST 1.0

struct probe {
	vigil_daemon *daemon;
	struct probe_spec spec;
	struct probe_target target;

	bool active;
	unsigned at;         /* index of the address that is being tried */
	char first_why[WHY]; /* why the first address did not answer */
	int fd;              /* -1: no socket is open */
	vigil_child *child;
	size_t sent, got;
	char line[LINE];
};

static void on_due(vigil_daemon *d, void *arg);
static void on_timeout(vigil_daemon *d, void *arg);
static void try_socket(struct probe *probe);

struct probe *probe_new(vigil_daemon *d, const struct probe_spec *spec)
{
	struct probe *probe = vigil_alloc(d, sizeof(*probe));
	char why[256];

	probe->daemon = d;
	probe->spec = *spec;
	probe->fd = -1;
	if (probe_target_parse(spec->target, &probe->target, why, sizeof(why)) == 0)
		return probe;
	vigil_fail(d, "probe = %s", why);
	return NULL;
}

/* --- outcomes --------------------------------------------------------------------------------- */

static void close_attempt(struct probe *probe)
{
	vigil_cancel(probe->daemon, on_timeout, probe);
	if (probe->fd >= 0) {
		vigil_unwatch_fd(probe->daemon, probe->fd);
		close(probe->fd);
		probe->fd = -1;
	}
	if (probe->child != NULL)
		vigil_child_terminate(probe->child);
	probe->child = NULL;
}

/* The timer of the next attempt is set before the callback is called, because the callback may stop
 * the probe. */
static void report(struct probe *probe, enum probe_outcome outcome, const char *why)
{
	close_attempt(probe);
	vigil_after(probe->daemon, probe->spec.interval, on_due, probe);
	probe->spec.on_outcome(probe->daemon, outcome, why, probe->spec.arg);
}

static void succeed(struct probe *probe)
{
	report(probe, PROBE_SUCCEEDED, "");
}

/* Both addresses have failed. */
static void fail_both(struct probe *probe, const char *why)
{
	const struct probe_address *a = probe->target.addresses;
	char both[2 * WHY + 64];

	if (strcmp(why, probe->first_why) == 0)
		snprintf(both, sizeof(both), "%s (%s and %s)", why, a[0].name, a[1].name);
	else
		snprintf(both, sizeof(both), "%s: %s; %s: %s", a[0].name, probe->first_why,
			a[1].name, why);
	report(probe, PROBE_FAILED, both);
}

static void fail(struct probe *probe, const char *why)
{
	if (probe->at + 1 < probe->target.count) {
		snprintf(probe->first_why, sizeof(probe->first_why), "%.*s", WHY - 1, why);
		close_attempt(probe);
		probe->at++;
		try_socket(probe);
	} else if (probe->at > 0) {
		fail_both(probe, why);
	} else {
		report(probe, PROBE_FAILED, why);
	}
}

/* Errors that vigild or the machine causes. They say nothing about the service. */
static bool is_own_error(int err)
{
	static const int own[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EAGAIN, ENOSPC, EACCES, EPERM,
		EADDRNOTAVAIL, EAFNOSUPPORT, ENETDOWN, ENETUNREACH};

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (err == own[i])
			return true;
	return false;
}

static bool is_no_address(int err)
{
	return err == EADDRNOTAVAIL || err == EAFNOSUPPORT || err == ENETUNREACH;
}

static void fail_by_error(struct probe *probe, int err)
{
	if (!is_own_error(err))
		fail(probe, strerror(err));
	else if (probe->at > 0 && is_no_address(err)) /* the machine has no IPv6 */
		report(probe, PROBE_FAILED, probe->first_why);
	else if (probe->at + 1 < probe->target.count && is_no_address(err))
		fail(probe, strerror(err));
	else
		report(probe, PROBE_IMPOSSIBLE, strerror(err));
}

static void on_timeout(vigil_daemon *d, void *arg)
{
	fail(arg, "no answer in time");
}

/* --- over a socket ---------------------------------------------------------------------------- */

static void check_line(struct probe *probe)
{
	char why[PROBE_WHY];

	if (probe_answer_http(probe->line, probe->got, why) == PROBE_SUCCEEDED)
		succeed(probe);
	else
		fail(probe, why);
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
		fail_by_error(probe, errno);
	else if (n == 0 && probe->got == 0)
		fail(probe, "the connection was closed without an answer");
	else if (n == 0 || probe->got == LINE - 1 || memchr(probe->line, '\n', probe->got) != NULL)
		check_line(probe);
}

static void send_request(struct probe *probe)
{
	const char *rest = probe->target.request + probe->sent;
	ssize_t n = send(probe->fd, rest, strlen(rest), MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail_by_error(probe, errno);
	else if (n > 0 && rest[n] == '\0' &&
		 vigil_watch_fd(probe->daemon, probe->fd, VIGIL_READ, on_readable, probe) != 0)
		fail_by_error(probe, ENOMEM);
	else if (n > 0)
		probe->sent += (size_t)n;
}

static void on_writable(vigil_daemon *d, int fd, unsigned what, void *arg)
{
	struct probe *probe = arg;
	int err = 0;
	socklen_t size = sizeof(err);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size);
	if (err != 0)
		fail_by_error(probe, err);
	else if (probe->target.request[0] == '\0')
		succeed(probe);
	else
		send_request(probe);
}

static void try_socket(struct probe *probe)
{
	const struct probe_address *a = &probe->target.addresses[probe->at];

	probe->sent = probe->got = 0;
	probe->fd = socket(a->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe->fd < 0 ||
		(connect(probe->fd, (const struct sockaddr *)&a->address, a->length) < 0 &&
			errno != EINPROGRESS)) {
		fail_by_error(probe, errno);
		return;
	}
	if (vigil_watch_fd(probe->daemon, probe->fd, VIGIL_WRITE, on_writable, probe) != 0) {
		fail_by_error(probe, ENOMEM);
		return;
	}
	vigil_after(probe->daemon, probe->spec.timeout / probe->target.count, on_timeout, probe);
}

/* --- with a command --------------------------------------------------------------------------- */

static void on_child_exit(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct probe *probe = arg;
	enum probe_outcome outcome;
	char why[PROBE_WHY];

	if (probe->child != child)
		return; /* the child was terminated because the probe was stopped */
	probe->child = NULL;
	outcome = probe_answer_exit(e, why);
	report(probe, outcome, why);
}

static void try_command(struct probe *probe)
{
	char why[WHY], reason[WHY] = "";

	probe->child =
		vigil_spawn(probe->daemon, &(vigil_child_spec){.size = sizeof(vigil_child_spec),
						   .argv = probe->spec.command,
						   .timeout = probe->spec.timeout,
						   .output_max = 1024,
						   .on_exit = on_child_exit,
						   .end_session = true,
						   .merge_stderr = true,
						   .why = reason,
						   .why_size = sizeof(reason),
						   .arg = probe});
	if (probe->child != NULL)
		return;
	snprintf(why, sizeof(why), "%.100s: %.400s", probe->spec.command[0], reason);
	report(probe, PROBE_IMPOSSIBLE, why);
}

/* --- scheduling ------------------------------------------------------------------------------- */

static void on_due(vigil_daemon *d, void *arg)
{
	struct probe *probe = arg;

	probe->at = 0;
	if (probe->target.command)
		try_command(probe);
	else
		try_socket(probe);
}

void probe_start(struct probe *probe)
{
	if (probe->active)
		return;
	probe->active = true;
	vigil_after(probe->daemon, fmin(FIRST, probe->spec.interval), on_due, probe);
}

void probe_stop(struct probe *probe)
{
	if (!probe->active)
		return;
	probe->active = false;
	vigil_cancel(probe->daemon, on_due, probe);
	close_attempt(probe);
}
