/*
 * probe: see probe.h.
 *
 * There is one attempt at a time: a look-up of the host name, then one connection after the other
 * (probe_conn.h) until an address gives an answer, or else a child. The addresses share the
 * timeout: each has the same part of the time that is left when it is tried.
 */
#include "probe.h"

#include <arpa/inet.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "probe_conn.h"
#include "probe_resolver.h"
#include "probe_tls.h"

#define ADDRESSES 8
#define WHY       PROBE_WHY

struct address {
	struct sockaddr_storage address;
	socklen_t length;
	char name[INET6_ADDRSTRLEN];
	char why[160];   /* why it did not answer */
	bool no_address; /* because the machine has no address of this family */
};

struct probe {
	vigil_daemon *daemon;
	struct probe_plan plan;
	probe_fn *fn;
	void *arg;

	bool holds_resolver;
	struct probe_trust *trust; /* NULL: TLS has not been needed */

	bool busy;
	double began;
	struct probe_query *query; /* NULL: no look-up is in progress */
	struct probe_conn *conn;   /* NULL: there is no connection */
	vigil_child *child;
	double certificate;
	unsigned count, at; /* at: the index of the address that is being tried */
	struct address addresses[ADDRESSES];
};

static void on_timeout(vigil_daemon *d, void *arg);
static void try_address(struct probe *probe);

struct probe *probe_new(
	vigil_daemon *d, const struct probe_settings *settings, probe_fn *fn, void *arg)
{
	struct probe *probe = vigil_alloc(d, sizeof(*probe));
	const char *option;
	char why[256];

	probe->daemon = d;
	probe->fn = fn;
	probe->arg = arg;
	if (probe_plan_make(settings, &probe->plan, &option, why, sizeof(why)) == 0)
		return probe;
	vigil_fail(d, "%s: %s", option, why);
	return NULL;
}

/* --- results ---------------------------------------------------------------------------------- */

static void close_conn(struct probe *probe)
{
	vigil_cancel(probe->daemon, on_timeout, probe);
	probe_conn_free(probe->conn);
	probe->conn = NULL;
	probe_resolver_cancel(probe->query);
	probe->query = NULL;
}

static void end_attempt(struct probe *probe)
{
	vigil_child *child = probe->child;

	close_conn(probe);
	probe->child = NULL;
	probe->busy = false;
	if (child != NULL)
		vigil_child_terminate(child);
}

/* The attempt ends before the callback is called, because the callback may begin another. */
static void report(struct probe *probe, enum probe_outcome outcome, const char *why)
{
	const struct probe_result result = {.outcome = outcome,
		.why = why,
		.seconds = vigil_now() - probe->began,
		.certificate = probe->certificate};

	end_attempt(probe);
	probe->fn(probe->daemon, &result, probe->arg);
}

/* Adds to a text as much as there is room for. */
static void append(char *text, size_t size, const char *before, const char *more)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, "%s%s", before, more);
}

/* Writes "WHY (ADDRESS, ADDRESS and ADDRESS)". */
static void list_same(const struct probe *probe, unsigned count, char *text, size_t size)
{
	snprintf(text, size, "%s", probe->addresses[0].why);
	for (unsigned i = 0; i < count; i++)
		append(text, size,
			i == 0          ? " ("
			: i + 1 < count ? ", "
					: " and ",
			probe->addresses[i].name);
	append(text, size, ")", "");
}

/* Drops the addresses of families that the machine does not have, unless there are no others.
 * Returns how many are left, which are then the first. */
static unsigned drop_impossible(struct probe *probe)
{
	unsigned count = 0;

	for (unsigned i = 0; i < probe->count; i++)
		if (!probe->addresses[i].no_address)
			probe->addresses[count++] = probe->addresses[i];
	return count;
}

/* All addresses have failed. */
static void fail_all(struct probe *probe)
{
	unsigned count = drop_impossible(probe);
	enum probe_outcome outcome = count > 0 ? PROBE_FAILED : PROBE_IMPOSSIBLE;
	char why[WHY] = "";
	bool same = true;

	count = count > 0 ? count : probe->count;
	for (unsigned i = 1; i < count; i++)
		same = same && strcmp(probe->addresses[i].why, probe->addresses[0].why) == 0;
	if (count == 1) {
		snprintf(why, sizeof(why), "%s", probe->addresses[0].why);
	} else if (same) {
		list_same(probe, count, why, sizeof(why));
	} else {
		for (unsigned i = 0; i < count; i++) {
			append(why, sizeof(why), i > 0 ? "; " : "", probe->addresses[i].name);
			append(why, sizeof(why), ": ", probe->addresses[i].why);
		}
	}
	report(probe, outcome, why);
}

/* Tries the next address, if there is one. */
static void fail_address(struct probe *probe, const char *why, bool no_address)
{
	struct address *a = &probe->addresses[probe->at];

	close_conn(probe);
	if (probe->count == 1 && !no_address) { /* its text is not shortened */
		char copy[WHY];

		snprintf(copy, sizeof(copy), "%s", why);
		report(probe, PROBE_FAILED, copy);
		return;
	}
	snprintf(a->why, sizeof(a->why), "%.*s", (int)sizeof(a->why) - 1, why);
	a->no_address = no_address;
	if (++probe->at < probe->count)
		try_address(probe);
	else
		fail_all(probe);
}

/* --- over a socket ---------------------------------------------------------------------------- */

static void on_verdict(vigil_daemon *d, const struct probe_verdict *verdict, void *arg)
{
	struct probe *probe = arg;
	char why[WHY];

	/* The text may be in the connection, which is freed. */
	snprintf(why, sizeof(why), "%s", verdict->why);
	if (!isnan(verdict->certificate))
		probe->certificate = verdict->certificate;
	if (verdict->outcome == PROBE_FAILED || verdict->no_address)
		fail_address(probe, why, verdict->no_address);
	else
		report(probe, verdict->outcome, why);
}

static void on_timeout(vigil_daemon *d, void *arg)
{
	struct probe *probe = arg;
	char why[WHY];

	if (probe->conn == NULL) {
		snprintf(why, sizeof(why),
			"%.253s cannot be looked up: the name servers did not "
			"answer in time",
			probe->plan.target.host);
		report(probe, PROBE_UNRESOLVED, why);
		return;
	}
	if (!isnan(probe_conn_certificate(probe->conn)))
		probe->certificate = probe_conn_certificate(probe->conn);
	fail_address(probe, probe_conn_late(probe->conn), false);
}

static void try_address(struct probe *probe)
{
	const struct address *a = &probe->addresses[probe->at];
	double left = fmax(0, probe->began + probe->plan.timeout - vigil_now());

	probe->conn = probe_conn_new(probe->daemon, &probe->plan, probe->trust, on_verdict, probe);
	if (probe->conn == NULL) {
		report(probe, PROBE_IMPOSSIBLE, "out of memory");
		return;
	}
	vigil_after(probe->daemon, left / (probe->count - probe->at), on_timeout, probe);
	probe_conn_start(probe->conn, (const struct sockaddr *)&a->address, a->length);
}

/* --- addresses -------------------------------------------------------------------------------- */

static void add_address(struct probe *probe, const struct sockaddr *address, socklen_t length)
{
	struct address *a = &probe->addresses[probe->count];
	in_port_t port = htons((uint16_t)probe->plan.target.port);

	if (probe->count == ADDRESSES || length > sizeof(a->address))
		return;
	memset(a, 0, sizeof(*a));
	memcpy(&a->address, address, length);
	a->length = length;
	if (address->sa_family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)&a->address;

		in->sin_port = port;
		inet_ntop(AF_INET, &in->sin_addr, a->name, sizeof(a->name));
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 *in = (struct sockaddr_in6 *)&a->address;

		in->sin6_port = port;
		inet_ntop(AF_INET6, &in->sin6_addr, a->name, sizeof(a->name));
	}
	probe->count++;
}

static void add_literal(struct probe *probe, const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		add_address(probe, (const struct sockaddr *)&in, sizeof(in));
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		add_address(probe, (const struct sockaddr *)&in6, sizeof(in6));
}

static void try_unix(struct probe *probe)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", probe->plan.target.path);
	add_address(probe, (const struct sockaddr *)&address, sizeof(address));
	try_address(probe);
}

static void on_found(vigil_daemon *d, const struct addrinfo *info, const char *why, void *arg)
{
	struct probe *probe = arg;
	char text[WHY];

	probe->query = NULL;
	vigil_cancel(d, on_timeout, probe);
	for (; info != NULL; info = info->ai_next)
		if (info->ai_family == AF_INET || info->ai_family == AF_INET6)
			add_address(probe, info->ai_addr, (socklen_t)info->ai_addrlen);
	if (probe->count > 0) {
		try_address(probe);
		return;
	}
	snprintf(text, sizeof(text), "%.253s cannot be looked up: %s", probe->plan.target.host,
		why[0] != '\0' ? why : "the host name has no address");
	report(probe, PROBE_UNRESOLVED, text);
}

static void look_up(struct probe *probe)
{
	const char *why;

	if (!probe->holds_resolver)
		probe_resolver_hold();
	probe->holds_resolver = true;
	probe->query =
		probe_resolver_query(probe->daemon, probe->plan.target.host, on_found, probe, &why);
	if (probe->query != NULL)
		vigil_after(probe->daemon, probe->plan.timeout, on_timeout, probe);
	else
		report(probe, PROBE_IMPOSSIBLE, why);
}

static bool has_trust(struct probe *probe, char *why, size_t size)
{
	if (!probe->plan.target.tls)
		return true;
	if (probe->trust == NULL)
		probe->trust = probe_trust_open(probe->plan.ca, why, size);
	else
		probe_trust_refresh(probe->trust);
	return probe->trust != NULL;
}

static void try_server(struct probe *probe)
{
	const char *literals[PROBE_LITERALS];
	size_t count = probe_target_literals(&probe->plan.target, literals);
	char why[256];

	probe->count = probe->at = 0;
	if (!has_trust(probe, why, sizeof(why))) {
		report(probe, PROBE_IMPOSSIBLE, why);
		return;
	}
	for (size_t i = 0; i < count; i++)
		add_literal(probe, literals[i]);
	if (count > 0)
		try_address(probe);
	else if (probe->plan.target.path[0] != '\0')
		try_unix(probe);
	else
		look_up(probe);
}

/* --- with a command --------------------------------------------------------------------------- */

static void on_child_exit(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct probe *probe = arg;
	enum probe_outcome outcome;
	char why[WHY];

	if (probe->child != child)
		return; /* the child was terminated because the attempt was cancelled */
	probe->child = NULL;
	outcome = probe_answer_exit(e, why);
	report(probe, outcome, why);
}

static void try_command(struct probe *probe)
{
	char why[WHY], reason[WHY] = "";

	probe->child =
		vigil_spawn(probe->daemon, &(vigil_child_spec){.size = sizeof(vigil_child_spec),
						   .argv = probe->plan.command,
						   .timeout = probe->plan.timeout,
						   .output_max = 1024,
						   .on_exit = on_child_exit,
						   .end_session = true,
						   .merge_stderr = true,
						   .why = reason,
						   .why_size = sizeof(reason),
						   .arg = probe});
	if (probe->child != NULL)
		return;
	snprintf(why, sizeof(why), "%.100s: %.400s", probe->plan.command[0], reason);
	report(probe, PROBE_IMPOSSIBLE, why);
}

/* --- attempts --------------------------------------------------------------------------------- */

void probe_try(struct probe *probe)
{
	if (probe->busy)
		return;
	probe->busy = true;
	probe->began = vigil_now();
	probe->certificate = NAN;
	if (probe->plan.target.command)
		try_command(probe);
	else
		try_server(probe);
}

bool probe_is_busy(const struct probe *probe)
{
	return probe->busy;
}

void probe_cancel(struct probe *probe)
{
	end_attempt(probe);
}

void probe_close(struct probe *probe)
{
	if (probe == NULL)
		return;
	end_attempt(probe);
	probe_trust_close(probe->trust);
	probe->trust = NULL;
	if (probe->holds_resolver)
		probe_resolver_release();
	probe->holds_resolver = false;
}

/* --- results in words and numbers ------------------------------------------------------------- */

char *probe_certificate_text(double seconds, char text[PROBE_CERTIFICATE_TEXT])
{
	double days = floor(fabs(seconds) / 86400);
	json_t *end = vigil_time_in(seconds); /* it begins with the date; NULL: out of memory */
	char date[sizeof("2026-01-31")] = "";

	snprintf(date, sizeof(date), "%s", end != NULL ? json_string_value(end) : "");
	json_decref(end);
	if (seconds < 0)
		snprintf(text, PROBE_CERTIFICATE_TEXT, "its certificate ended on %s", date);
	else if (days < 1)
		snprintf(text, PROBE_CERTIFICATE_TEXT,
			"its certificate ends on %s, in less than a day", date);
	else
		snprintf(text, PROBE_CERTIFICATE_TEXT, "its certificate ends on %s, in %.0f day%s",
			date, days, days < 2 ? "" : "s");
	return text;
}

json_t *probe_state(const struct probe_result *result, unsigned failures, const char *text)
{
	char clean[WHY];
	json_t *state = json_pack("{s:b,s:f,s:i,s:s}", "ok", result->outcome == PROBE_SUCCEEDED,
		"seconds", round(result->seconds * 1e6) / 1e6, "failures", (int)failures, "text",
		vigil_sanitize(clean, sizeof(clean), text != NULL ? text : result->why));

	if (!isnan(result->certificate))
		json_object_set_new(state, "certificate_days",
			json_real(floor(result->certificate / 8640) / 10));
	return state;
}
