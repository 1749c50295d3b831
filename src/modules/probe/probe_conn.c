/*
 * probe_conn: see probe_conn.h.
 *
 * A connection goes through the stages of enum stage.  The function of a stage returns true if the
 * connection can go on at once, and false if it waits for the socket or has reported its verdict;
 * after a verdict it may have been freed, so nothing touches it then.
 */
#include "probe_conn.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_MAX 16384
/* Bytes of an answer to tcp, tls and unix: greetings and replies are short. */
#define ANSWER_MAX 4096

enum stage { CONNECTING, HANDSHAKE, SENDING, RECEIVING };

struct probe_conn {
	vigil_daemon *d;
	const struct probe_plan *plan;
	struct probe_trust *trust;
	probe_conn_fn *fn;
	void *arg;

	enum stage stage;
	int fd; /* -1: no socket is open */
	unsigned watched;
	struct probe_tls *tls;
	double certificate;
	size_t sent;
	struct probe_expect *expect;
	struct probe_http *http;
	size_t got;
	char answer[ANSWER_MAX];
};

struct probe_conn *probe_conn_new(vigil_daemon *d, const struct probe_plan *plan,
	struct probe_trust *trust, probe_conn_fn *fn, void *arg)
{
	struct probe_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->d = d;
	c->plan = plan;
	c->trust = trust;
	c->fn = fn;
	c->arg = arg;
	c->fd = -1;
	c->certificate = NAN;
	return c;
}

void probe_conn_free(struct probe_conn *c)
{
	if (c == NULL)
		return;
	probe_tls_free(c->tls);
	if (c->fd >= 0) {
		vigil_unwatch_fd(c->d, c->fd);
		close(c->fd);
	}
	probe_expect_free(c->expect);
	probe_http_free(c->http);
	free(c);
}

/* --- verdicts --------------------------------------------------------------------------------- */

/* Always returns false, as the stages do. */
static bool conclude(struct probe_conn *c, enum probe_outcome outcome, const char *why)
{
	const struct probe_verdict verdict = {
		.outcome = outcome, .why = why, .certificate = c->certificate};

	c->fn(c->d, &verdict, c->arg);
	return false;
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

static bool conclude_by_error(struct probe_conn *c, int err)
{
	const struct probe_verdict verdict = {
		.outcome = is_own_error(err) ? PROBE_IMPOSSIBLE : PROBE_FAILED,
		.why = strerror(err),
		.no_address = err == EADDRNOTAVAIL || err == EAFNOSUPPORT || err == ENETUNREACH,
		.certificate = c->certificate};

	c->fn(c->d, &verdict, c->arg);
	return false;
}

static void on_ready(vigil_daemon *d, int fd, unsigned what, void *arg);

/* Waits until the socket is readable or writable. */
static bool wait_for(struct probe_conn *c, unsigned what)
{
	if (c->watched != what && vigil_watch_fd(c->d, c->fd, what, on_ready, c) != 0)
		return conclude_by_error(c, ENOMEM);
	c->watched = what;
	return false;
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* Handles what a read or write returned in place of a number of bytes. */
static bool wait_or_fail(struct probe_conn *c, ssize_t result, int err, unsigned direction)
{
	if (c->tls == NULL && (err == EAGAIN || err == EINTR))
		return wait_for(c, direction);
	if (c->tls == NULL)
		return conclude_by_error(c, err);
	if (result == PROBE_TLS_ERROR)
		return conclude(c, PROBE_FAILED, probe_tls_why(c->tls));
	return wait_for(c, result == PROBE_TLS_READ ? VIGIL_READ : VIGIL_WRITE);
}

static ssize_t read_bytes(struct probe_conn *c, char *bytes, size_t size)
{
	return c->tls != NULL ? probe_tls_read(c->tls, bytes, size)
			      : recv(c->fd, bytes, size, MSG_DONTWAIT);
}

static ssize_t write_bytes(struct probe_conn *c, const char *bytes, size_t length)
{
	return c->tls != NULL ? probe_tls_write(c->tls, bytes, length)
			      : send(c->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* --- stages ----------------------------------------------------------------------------------- */

/* Prepares for an answer, after the connection is made. */
static bool enter_exchange(struct probe_conn *c)
{
	const struct probe_plan *plan = c->plan;
	char why[PROBE_WHY];

	if (plan->expect != NULL) {
		c->expect = probe_expect_new(plan->expect, why, sizeof(why));
		if (c->expect == NULL)
			return conclude(c, PROBE_IMPOSSIBLE, why);
	}
	if (plan->target.http) {
		c->http = probe_http_new(plan->expect != NULL);
		if (c->http == NULL)
			return conclude_by_error(c, ENOMEM);
	}
	c->stage = SENDING;
	return true;
}

static bool connected(struct probe_conn *c)
{
	int err = 0, yes = 1;
	socklen_t size = sizeof(err);

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &size);
	if (err != 0)
		return conclude_by_error(c, err);
	if (c->plan->target.path[0] == '\0') /* a request must not wait for an acknowledgement */
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (!c->plan->target.tls)
		return enter_exchange(c);
	c->tls = probe_tls_new(c->trust, c->fd, c->plan->name);
	if (c->tls == NULL)
		return conclude_by_error(c, ENOMEM);
	c->stage = HANDSHAKE;
	return true;
}

static bool shake_hands(struct probe_conn *c)
{
	ssize_t result = probe_tls_handshake(c->tls);
	const char *refused;
	char why[PROBE_WHY];

	if (result != 1)
		return wait_or_fail(c, result, 0, VIGIL_READ);
	c->certificate = probe_tls_certificate(c->tls);
	refused = c->plan->verify ? probe_tls_verdict(c->tls) : NULL;
	if (refused == NULL)
		return enter_exchange(c);
	snprintf(why, sizeof(why), "its certificate is refused: %.300s", refused);
	return conclude(c, PROBE_DISTRUSTED, why);
}

static bool send_bytes(struct probe_conn *c)
{
	const struct probe_bytes *bytes = &c->plan->send;
	ssize_t n;

	if (c->sent < bytes->length) {
		n = write_bytes(c, bytes->bytes + c->sent, bytes->length - c->sent);
		if (n < 0)
			return wait_or_fail(c, n, errno, VIGIL_WRITE);
		c->sent += (size_t)n;
		return true;
	}
	if (bytes->length == 0 && c->expect == NULL)
		return conclude(c, PROBE_SUCCEEDED, "");
	c->stage = RECEIVING;
	return true;
}

static bool take_http(struct probe_conn *c, enum probe_http_result result)
{
	char why[PROBE_WHY];
	enum probe_outcome outcome;

	if (result == PROBE_HTTP_MORE)
		return true;
	if (result == PROBE_HTTP_WRONG)
		return conclude(c, PROBE_FAILED, probe_http_why(c->http));
	outcome = probe_answer_http(c->plan, c->http, c->expect, why);
	return conclude(c, outcome, why);
}

/* Handles more bytes of the answer to tcp, tls or unix, or its end. */
static bool take_plain(struct probe_conn *c, size_t n)
{
	size_t before = c->got;
	char why[PROBE_WHY];

	c->got += n;
	if (c->got == 0)
		return conclude(c, PROBE_FAILED, "the connection was closed without an answer");
	if (c->expect == NULL || probe_expect_found(c->expect, c->answer, c->got, before))
		return conclude(c, PROBE_SUCCEEDED, "");
	if (n > 0 && c->got < sizeof(c->answer))
		return true;
	probe_answer_unexpected(c->answer, c->got, why);
	return conclude(c, PROBE_FAILED, why);
}

/* Reads once.  It is called again until nothing is left, because TLS may hold bytes that do not
 * make the socket readable.  A server cannot hold up the loop, because the size of an answer is
 * limited. */
static bool receive(struct probe_conn *c)
{
	char bytes[READ_MAX];
	ssize_t n;

	if (c->http != NULL)
		n = read_bytes(c, bytes, sizeof(bytes));
	else
		n = read_bytes(c, c->answer + c->got, sizeof(c->answer) - c->got);
	if (n < 0)
		return wait_or_fail(c, n, errno, VIGIL_READ);
	if (c->http == NULL)
		return take_plain(c, (size_t)n);
	c->got += (size_t)n;
	return take_http(
		c, n > 0 ? probe_http_read(c->http, bytes, (size_t)n) : probe_http_end(c->http));
}

static void advance(struct probe_conn *c)
{
	static bool (*const stages[])(struct probe_conn * c) = {
		[CONNECTING] = connected,
		[HANDSHAKE] = shake_hands,
		[SENDING] = send_bytes,
		[RECEIVING] = receive,
	};

	while (stages[c->stage](c))
		;
}

static void on_ready(vigil_daemon *d, int fd, unsigned what, void *arg)
{
	advance(arg);
}

/* --- the beginning ---------------------------------------------------------------------------- */

void probe_conn_start(struct probe_conn *c, const struct sockaddr *address, socklen_t length)
{
	c->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		conclude_by_error(c, errno);
		return;
	}
	if (connect(c->fd, address, length) == 0) {
		advance(c);
		return;
	}
	if (errno == EAGAIN && address->sa_family == AF_UNIX)
		conclude(c, PROBE_FAILED,
			"the server does not accept connections; its queue of them is full");
	else if (errno != EINPROGRESS)
		conclude_by_error(c, errno);
	else
		wait_for(c, VIGIL_WRITE);
}

const char *probe_conn_late(const struct probe_conn *c)
{
	if (c->got > 0)
		return "no complete answer in time";
	return c->stage == HANDSHAKE ? "no answer in time to the TLS handshake"
				     : "no answer in time";
}

double probe_conn_certificate(const struct probe_conn *c)
{
	return c->certificate;
}
