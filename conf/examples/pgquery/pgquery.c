/*
 * pgquery: runs a query in PostgreSQL and stores the columns of the first row.
 *
 * The module calls the functions of libpq that do not block.  Each of them starts or continues an
 * operation, and vigil_watch_fd calls on_socket when the socket is ready for the next step.  A
 * server that does not answer delays no other daemon.
 *
 * libpq may close its socket in any call, and open another one.  So on_socket removes the watch
 * before it calls libpq, and each step creates the watch that it needs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include <vigil/vigil.h>

struct pgquery {
	PGconn *connection; /* NULL: no check is in progress */
	bool connected;
	int fd; /* the watched socket; -1: none */
	const char *conninfo, *query;
	double timeout;
};

static void on_socket(vigil_daemon *d, int fd, unsigned what, void *arg);

static void watch(vigil_daemon *d, struct pgquery *p, unsigned what)
{
	p->fd = PQsocket(p->connection);
	vigil_watch_fd(d, p->fd, what, on_socket, p);
}

static void unwatch(vigil_daemon *d, struct pgquery *p)
{
	if (p->fd >= 0)
		vigil_unwatch_fd(d, p->fd);
	p->fd = -1;
}

/* Ends the check.  The next one makes another connection, so that it need not find out whether the
 * server has closed this one. */
static void end(vigil_daemon *d, struct pgquery *p)
{
	unwatch(d, p);
	PQfinish(p->connection); /* does nothing with NULL */
	p->connection = NULL;
}

static void fail(vigil_daemon *d, struct pgquery *p, vigil_health_level level, const char *why)
{
	vigil_state_set(d, "stale", json_true()); /* the values are not current */
	/* The messages of libpq end with a newline, and some have several lines. */
	vigil_health(d, level, "%.*s", (int)strcspn(why, "\n"), why);
	end(d, p);
}

/* --- the result ------------------------------------------------------------------------------- */

/* Returns true if the option has a range, and the value is outside. */
static bool alerts(vigil_daemon *d, const char *option, double value)
{
	vigil_range range;

	return vigil_option_range(d, option, &range) && vigil_range_alerts(&range, value);
}

static void judge(vigil_daemon *d, const char *column, double value)
{
	vigil_health_level level = alerts(d, "critical", value) ? VIGIL_CRITICAL
				   : alerts(d, "warn", value)   ? VIGIL_WARNING
								: VIGIL_OK;
	char text[VIGIL_NUMBER_TEXT];

	vigil_health(d, level, "%s is %s", column, vigil_number(text, value));
}

/* Stores the columns of the first row.  The first number decides the health. */
static void store(vigil_daemon *d, const PGresult *result)
{
	json_t *values = json_object(), *perfdata = json_object();

	for (int i = 0; i < PQnfields(result); i++) {
		const char *column = PQfname(result, i), *text = PQgetvalue(result, 0, i);
		char *rest;
		double number = strtod(text, &rest);

		if (rest == text || *rest != '\0' || !isfinite(number)) {
			json_object_set_new(values, column, json_string(text));
			continue;
		}
		if (json_object_size(perfdata) == 0)
			judge(d, column, number);
		json_object_set_new(values, column, json_real(number));
		json_object_set_new(perfdata, column, json_pack("{sf}", "value", number));
	}
	if (json_object_size(perfdata) == 0)
		vigil_health(d, VIGIL_OK, "the row has no number");
	vigil_state_set(d, "values", values); /* takes over the reference */
	vigil_state_set(d, "perfdata", perfdata);
	vigil_state_unset(d, "stale");
}

static void use_result(vigil_daemon *d, struct pgquery *p, const PGresult *result)
{
	if (PQresultStatus(result) != PGRES_TUPLES_OK) {
		fail(d, p, VIGIL_UNKNOWN, PQresultErrorMessage(result));
	} else if (PQntuples(result) == 0) {
		fail(d, p, VIGIL_UNKNOWN, "the query has returned no row");
	} else {
		store(d, result);
		end(d, p);
	}
}

/* --- the steps of a check --------------------------------------------------------------------- */

/* Sends what is left of the query, and reads what has arrived of its result. */
static void continue_query(vigil_daemon *d, struct pgquery *p)
{
	int unsent = PQflush(p->connection);
	PGresult *result;

	if (unsent < 0 || !PQconsumeInput(p->connection)) {
		fail(d, p, VIGIL_CRITICAL, PQerrorMessage(p->connection));
	} else if (PQisBusy(p->connection)) {
		watch(d, p, unsent > 0 ? VIGIL_READ | VIGIL_WRITE : VIGIL_READ);
	} else {
		result = PQgetResult(p->connection);
		use_result(d, p, result);
		PQclear(result);
	}
}

static void start_query(vigil_daemon *d, struct pgquery *p)
{
	p->connected = true;
	PQsetnonblocking(p->connection, 1);
	if (PQsendQueryParams(p->connection, p->query, 0, NULL, NULL, NULL, NULL, 0))
		continue_query(d, p);
	else
		fail(d, p, VIGIL_CRITICAL, PQerrorMessage(p->connection));
}

static void continue_connection(vigil_daemon *d, struct pgquery *p)
{
	switch (PQconnectPoll(p->connection)) {
	case PGRES_POLLING_READING: watch(d, p, VIGIL_READ); break;
	case PGRES_POLLING_WRITING: watch(d, p, VIGIL_WRITE); break;
	case PGRES_POLLING_OK: start_query(d, p); break;
	default: fail(d, p, VIGIL_CRITICAL, PQerrorMessage(p->connection));
	}
}

static void start_connection(vigil_daemon *d, struct pgquery *p)
{
	/* conninfo replaces what stands before it, and is replaced by what stands after it. */
	const char *const names[] = {"application_name", "dbname", "client_encoding", NULL};
	const char *const values[] = {"vigil", p->conninfo, "UTF8", NULL};

	p->connected = false;
	p->connection = PQconnectStartParams(names, values, 1);
	if (PQstatus(p->connection) == CONNECTION_BAD) /* also for NULL */
		fail(d, p, VIGIL_CRITICAL, PQerrorMessage(p->connection));
	else
		watch(d, p, VIGIL_WRITE); /* libpq requires this before the first PQconnectPoll */
}

/* --- callbacks -------------------------------------------------------------------------------- */

static void on_socket(vigil_daemon *d, int fd, unsigned what, void *arg)
{
	struct pgquery *p = arg;

	(void)fd, (void)what;
	unwatch(d, p);
	if (p->connected)
		continue_query(d, p);
	else
		continue_connection(d, p);
}

static void on_timeout(vigil_daemon *d, void *arg)
{
	struct pgquery *p = arg;

	if (p->connection != NULL)
		fail(d, p, VIGIL_CRITICAL, "the server does not answer");
}

static void on_tick(vigil_daemon *d, void *arg)
{
	struct pgquery *p = arg;

	if (p->connection != NULL)
		return; /* the previous check is still in progress */
	vigil_cancel(d, on_timeout, p);
	vigil_after(d, p->timeout, on_timeout, p);
	start_connection(d, p);
}

/* --- the module ------------------------------------------------------------------------------- */

/* libpq looks up a host name before PQconnectStartParams returns, and that may take seconds. */
static void note_host(vigil_daemon *d, const PQconninfoOption *parsed)
{
	const char *host = NULL, *address = NULL;

	for (; parsed->keyword != NULL; parsed++)
		if (strcmp(parsed->keyword, "host") == 0)
			host = parsed->val;
		else if (strcmp(parsed->keyword, "hostaddr") == 0)
			address = parsed->val;
	if (host != NULL && host[0] != '/' && address == NULL)
		vigil_note(d, "conninfo",
			"a host name blocks while it is looked up; use hostaddr, "
			"or isolate = yes");
}

static int check(vigil_daemon *d)
{
	char *why = NULL;
	PQconninfoOption *parsed = PQconninfoParse(vigil_option_text(d, "conninfo"), &why);

	if (parsed == NULL)
		vigil_diagnose(d, "conninfo", "%.*s", (int)strcspn(why, "\n"), why);
	else
		note_host(d, parsed);
	PQconninfoFree(parsed);
	PQfreemem(why);
	return 0; /* a diagnostic alone rejects the configuration */
}

static int start(vigil_daemon *d)
{
	struct pgquery *p = vigil_alloc(d, sizeof *p);

	p->fd = -1;
	p->conninfo = vigil_option_text(d, "conninfo");
	p->query = vigil_option_text(d, "query");
	p->timeout = vigil_option_seconds(d, "timeout");
	vigil_set_data(d, p);
	return vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, p);
}

static void stop(vigil_daemon *d)
{
	end(d, vigil_data(d));
}

static const vigil_option options[] = {
	VIGIL_OPTION("conninfo", VIGIL_TEXT, "host=/run/postgresql dbname=postgres",
		"the server, as libpq expects it", .flags = VIGIL_SECRET),
	VIGIL_OPTION("query", VIGIL_TEXT, "SELECT count(*) AS sessions FROM pg_stat_activity",
		"one statement, which returns a row"),
	VIGIL_OPTION("interval", VIGIL_DURATION, "30s", "the time between two checks", .min = 0.1,
		.max = 86400),
	VIGIL_OPTION("timeout", VIGIL_DURATION, "5s", "the time that a check may take", .min = 0.1,
		.max = 3600),
	VIGIL_OPTION("warn", VIGIL_RANGE, NULL, "WARNING if the first number is outside"),
	VIGIL_OPTION("critical", VIGIL_RANGE, NULL, "CRITICAL if the first number is outside"),
	VIGIL_OPTION_END};

VIGIL_MODULE(.name = "pgquery", .summary = "runs a query in PostgreSQL", .options = options,
	.start = start, .stop = stop, .check = check);
