/*
 * http: what vigil knows, for browsers, Prometheus and scripts.
 *
 * Everything is read and nothing can be changed.  A request is first asked where it was sent to and
 * what it may, by the guard; then its path finds a row of the table below, which answers.
 *
 * evhttp makes its own events on vigil's base, so this module's stop frees all of it: first the
 * doors with every connection, then what is left of those.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include <vigil/vigil.h>

#include "address.h"
#include "changes.h"
#include "check.h"
#include "door.h"
#include "dump.h"
#include "guard.h"
#include "guest.h"
#include "metrics.h"
#include "page.h"
#include "refusal_log.h"
#include "reply.h"
#include "site.h"
#include "stream.h"
#include "tls.h"

/* --- routes --------------------------------------------------------------------------------------- */

static void reply_well(const struct visit *visit)
{
	reply_text(visit, 200, "text/plain; charset=utf-8", "ok\n");
}

struct route {
	const char *path;
	bool below; /* what comes after a slash is its own */
	bool open;  /* to everybody, token or not */
	void (*answer)(const struct visit *visit);
};

static const struct route routes[] = {
	{"/", false, false, page_reply},
	{"/healthz", false, true, reply_well},
	{"/metrics", false, false, metrics_reply},
	{"/v1/changes", true, false, changes_reply},
	{"/v1/page", false, false, stream_reply},
	{"/v1/rows", true, false, page_reply_rows},
	{"/v1/state", true, false, dump_reply},
};

/* What follows a route's own path; NULL: another path is meant.  More than one slash counts as one,
 * because proxies join paths that way. */
static const char *rest_of(const struct route *route, const char *path)
{
	const char *own = route->path;

	for (; *own != '\0' && *own == *path; own++) {
		path++;
		while (*own == '/' && *path == '/')
			path++;
	}
	return *own == '\0' ? path : NULL;
}

static const struct route *find_route(const char *path, const char **rest)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		*rest = rest_of(&routes[i], path);
		if (*rest == NULL)
			continue;
		if (routes[i].below ? **rest == '\0' || **rest == '/'
				    : (*rest)[strspn(*rest, "/")] == '\0')
			return &routes[i];
	}
	return NULL;
}

/* Whether a proxy has passed on the sub-path that it serves vigil at: /vigil/metrics. */
static bool is_below_sub_path(const char *path)
{
	const char *rest;

	while ((path = strchr(path + 1, '/')) != NULL)
		if (find_route(path, &rest) != NULL)
			return true;
	return false;
}

static void reply_no_page(const struct visit *visit, const char *path)
{
	char clean[256], text[512];

	vigil_clean(clean, sizeof(clean), path);
	if (is_below_sub_path(path))
		snprintf(text, sizeof(text),
			"there is no page %s; a proxy that serves vigil below a path must remove "
			"that path from the request: nginx does so when proxy_pass ends in a slash",
			clean);
	else
		snprintf(text, sizeof(text),
			"there is no page %s; there are /, /metrics, /healthz, /v1/state, /v1/rows "
			"and /v1/changes",
			clean);
	reply_error(visit, 404, text, NULL);
}

/* --- who may ------------------------------------------------------------------------------------- */

static bool is_sent_here(const struct visit *visit, const struct door *door)
{
	const struct sockaddr *address = door_address(door);
	struct evkeyvalq *headers = evhttp_request_get_input_headers(visit->req);
	const struct evkeyval *header;

	/* A browser cannot be made to open a file. */
	if (address->sa_family == AF_UNIX)
		return true;
	/* There are two where the target of the request names a host as well. */
	TAILQ_FOREACH(header, headers, next)
	if (evutil_ascii_strcasecmp(header->key, "Host") == 0 &&
		!guard_host(header->value, visit->site->hosts, address))
		return false;
	return true;
}

/* Reads the token anew each time, so that a new one holds from the moment it is written. */
static bool is_authorized(const struct visit *visit)
{
	struct site *site = visit->site;
	char token[GUARD_TOKEN_MAX], why[512];

	if (site->token_file == NULL)
		return true;
	if (guard_read_token(site->token_file, token, why, sizeof(why)) != 0) {
		if (!site->token_failed)
			vigil_error(site->d, "token_file: %s: %s; nobody is let in",
				site->token_file, why);
		site->token_failed = true;
		return false;
	}
	site->token_failed = false;
	return guard_authorized(
		evhttp_find_header(evhttp_request_get_input_headers(visit->req), "Authorization"),
		token);
}

/* Answers where the request is not to be heard any further. */
static bool turn_away(const struct visit *visit, const struct door *door, const struct route *route,
	const char *path)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(visit->req);

	if (!is_sent_here(visit, door)) {
		reply_error(visit, 403,
			"the Host header names another host; add its name to the option hosts",
			NULL);
	} else if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
		reply_header(visit, "Allow", "GET, HEAD");
		reply_error(visit, 405, "nothing can be changed here", NULL);
	} else if ((route == NULL || !route->open) && !is_authorized(visit)) {
		reply_header(visit, "WWW-Authenticate", "Bearer realm=\"vigil\"");
		reply_header(visit, "WWW-Authenticate", "Basic realm=\"vigil\", charset=\"UTF-8\"");
		reply_error(visit, 401, "a token is needed", NULL);
	} else if (guest_is_extra(visit->guest) && (route == NULL || !route->open)) {
		reply_header(visit, "Retry-After", "2");
		reply_header(visit, "Connection", "close");
		reply_error(
			visit, 503, "all connections are taken; only /healthz is answered", NULL);
	} else if (route == NULL) {
		reply_no_page(visit, path);
	} else {
		return false;
	}
	return true;
}

/* The path of a request, %XX decoded; NULL where it is none. */
static char *decode_path(struct evhttp_request *req)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *raw = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	size_t size = 0;
	char *path = raw != NULL ? evhttp_uridecode(raw, 0, &size) : NULL;

	if (path != NULL && strlen(path) == size)
		return path;
	free(path);
	return NULL;
}

void site_on_request(struct evhttp_request *req, void *arg)
{
	struct door *door = arg;
	struct visit visit = {.site = door_site(door),
		.guest = guest_of(door_site(door), req),
		.req = req,
		.head = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD};
	const struct framing_refusal *refusal;
	const struct route *route;
	char *path;

	if (visit.guest == NULL) { /* there was no memory for it */
		evhttp_send_error(req, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	refusal = guest_refusal(visit.guest);
	if (refusal != NULL) {
		refusal_log_add(visit.site, visit.guest, refusal);
		reply_error(&visit, refusal->code, refusal->text, NULL);
		return;
	}
	path = decode_path(req);
	if (path == NULL) {
		reply_error(&visit, 400, "the path cannot be read", NULL);
		return;
	}
	route = find_route(path, &visit.rest);
	if (!turn_away(&visit, door, route, path))
		route->answer(&visit);
	free(path);
}

/* --- life ------------------------------------------------------------------------------------------ */

static void read_options(struct site *site)
{
	vigil_daemon *d = site->d;

	site->hosts = vigil_option_list(d, "hosts");
	site->token_file = vigil_option_text(d, "token_file");
	site->limits = (struct limits){
		.guests = (unsigned)vigil_option_int(d, "connections_max"),
		.watchers = (unsigned)vigil_option_int(d, "changes_max"),
		.watcher_buffer = (size_t)vigil_option_int(d, "changes_buffer"),
		.heartbeat = vigil_option_seconds(d, "heartbeat"),
		.framing = {.head = (size_t)vigil_option_int(d, "header_max"),
			.body = (size_t)vigil_option_int(d, "body_max")},
		.arrive = vigil_option_seconds(d, "request_timeout"),
		.depart = vigil_option_seconds(d, "reply_timeout"),
		.values = (size_t)vigil_option_int(d, "values_max"),
	};
}

/* Where it listens, also where the kernel chose the port. */
static void tell_doors(struct site *site)
{
	json_t *list = json_array();
	struct door *door;
	char text[ADDRESS_TEXT];

	for (door = door_next(site, NULL); door != NULL; door = door_next(site, door)) {
		const struct sockaddr *address = door_address(door);

		address_print(address, door_address_size(door), text);
		json_array_append_new(list, json_string(text));
		vigil_log(site->d, VIGIL_NOTICE, "listening on %s%s", text,
			site->tls != NULL ? ", with TLS" : "");
		if (!address_is_local(address) && site->token_file == NULL)
			vigil_log(site->d, VIGIL_WARN,
				"whoever reaches %s may read all that is known here; see "
				"token_file",
				text);
	}
	vigil_state_set(site->d, "listen", list);
	vigil_health(site->d, VIGIL_OK, "listening");
}

static void stop(vigil_daemon *d)
{
	struct site *site = vigil_data(d);

	door_free_all(site);
	guest_free_all(site);
	stream_close(site);
	tls_close(site);
}

static int start(vigil_daemon *d)
{
	struct site *site = vigil_alloc(d, sizeof(*site));
	int err;

	site->d = d;
	site->base = vigil_base(d);
	TAILQ_INIT(&site->doors);
	LIST_INIT(&site->guests);
	LIST_INIT(&site->shares);
	TAILQ_INIT(&site->replies);
	vigil_set_data(d, site);
	read_options(site);
	changes_open(site);
	stream_open(site);
	refusal_log_open(site);
	err = http_check(d);
	if (err == 0)
		err = tls_open(site);
	if (err == 0)
		err = door_open(site, vigil_option_list(d, "listen"));
	if (err != 0) {
		stop(d); /* the host calls it only for what has started */
		return err;
	}
	tell_doors(site);
	return 0;
}

static const vigil_option options[] = {
	VIGIL_OPTION("listen", VIGIL_LIST, "127.0.0.1:5669",
		"where: ADDRESS:PORT, [ADDRESS]:PORT, unix:/PATH, systemd, systemd:NAME"),
	VIGIL_OPTION("socket_group", VIGIL_TEXT, NULL, "who else may use unix:/PATH"),
	VIGIL_OPTION("tls_certificate", VIGIL_PATH, NULL, "a PEM file with the certificate chain"),
	VIGIL_OPTION(
		"tls_key", VIGIL_PATH, NULL, "a PEM file with the key; unset: in tls_certificate"),
	VIGIL_OPTION("token_file", VIGIL_PATH, NULL,
		"a file with one line, which whoever asks must know"),
	VIGIL_OPTION("hosts", VIGIL_LIST, NULL, "names that requests may be sent to; * is any"),
	VIGIL_OPTION(
		"connections_max", VIGIL_INT, "64", "connections at a time", .min = 1, .max = 4096),
	VIGIL_OPTION("request_timeout", VIGIL_DURATION, "10s",
		"how long a request may take to arrive, and a connection stay without one",
		.min = 0.1, .max = 3600),
	VIGIL_OPTION("reply_timeout", VIGIL_DURATION, "30s",
		"how long an answer may take to be fetched", .min = 0.1, .max = 3600),
	VIGIL_OPTION("header_max", VIGIL_SIZE, "8KiB", "of a request, its first line included",
		.min = 256, .max = 65536),
	VIGIL_OPTION("body_max", VIGIL_SIZE, "4KiB", "of a request, which nobody reads", .min = 0,
		.max = 65536),
	VIGIL_OPTION("changes_max", VIGIL_INT, "16",
		"of them, how many may watch changes, and how many pages may be open", .min = 0,
		.max = 4096),
	VIGIL_OPTION("changes_buffer", VIGIL_SIZE, "1MiB",
		"how much may wait for one of those before it is dropped", .min = 1024,
		.max = 1073741824),
	VIGIL_OPTION("heartbeat", VIGIL_DURATION, "5s",
		"time between two signs of life to those; a page that gets none for twice as long "
		"says so",
		.min = 0.1, .max = 3600),
	VIGIL_OPTION("values_max", VIGIL_INT, "20000",
		"numbers that daemons keep, among the metrics", .min = 0, .max = 1000000),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "http", .summary = "status page, metrics and state over HTTP",
	.options = options, .start = start, .stop = stop, .check = http_check);
