/*
 * http: shows the state of vigild to browsers, Prometheus and scripts.
 *
 * Requests only read; they cannot change anything.  turn_away first checks where a request was sent
 * to and whether it is allowed.  Then find_route finds the route of its path in the table below,
 * and the function of the route replies.
 *
 * evhttp adds its own events to vigild's event base, so stop frees all of evhttp: first the
 * listeners with every connection, then what is left of the connections.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include <vigil/vigil.h>

#include "address.h"
#include "auth.h"
#include "changes.h"
#include "check.h"
#include "connection.h"
#include "listener.h"
#include "metrics.h"
#include "page.h"
#include "refusal_log.h"
#include "reply.h"
#include "server.h"
#include "state_json.h"
#include "stream.h"
#include "tls.h"

/* --- routes ----------------------------------------------------------------------------------- */

static void reply_well(const struct request *request)
{
	reply_text(request, 200, "text/plain; charset=utf-8", "ok\n");
}

struct route {
	const char *path;
	bool below; /* the route also takes what follows a slash after its path */
	bool open;  /* no token is needed */
	void (*answer)(const struct request *request);
};

static const struct route routes[] = {
	{"/", false, false, page_reply},
	{"/healthz", false, true, reply_well},
	{"/metrics", false, false, metrics_reply},
	{"/v1/changes", true, false, changes_reply},
	{"/v1/page", false, false, stream_reply},
	{"/v1/rows", true, false, page_reply_rows},
	{"/v1/state", true, false, state_json_reply},
};

/* Returns what follows the path of the route in path; NULL: the path is not that of the route.
 * Several slashes in a row count as one, because proxies join paths that way. */
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

/* Returns whether a route matches after a prefix, as in /vigil/metrics: a proxy that serves vigil
 * below a path did not remove that path. */
static bool is_below_sub_path(const char *path)
{
	const char *rest;

	while ((path = strchr(path + 1, '/')) != NULL)
		if (find_route(path, &rest) != NULL)
			return true;
	return false;
}

static void reply_no_page(const struct request *request, const char *path)
{
	char clean[256], text[512];

	vigil_sanitize(clean, sizeof(clean), path);
	if (is_below_sub_path(path))
		snprintf(text, sizeof(text),
			"no such page: %s; a proxy that serves vigil below a path must remove that "
			"path from the request: nginx does so when proxy_pass ends in a slash",
			clean);
	else
		snprintf(text, sizeof(text),
			"no such page: %s; the pages are /, /metrics, /healthz, /v1/state, "
			"/v1/rows and /v1/changes",
			clean);
	reply_error(request, 404, text, NULL);
}

/* --- access ----------------------------------------------------------------------------------- */

static bool is_sent_here(const struct request *request, const struct listener *listener)
{
	const struct sockaddr *address = listener_address(listener);
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request->req);
	const struct evkeyval *header;

	/* No page can make a browser send requests to a UNIX socket. */
	if (address->sa_family == AF_UNIX)
		return true;
	/* There are two Host headers if the target of the request contains a host as well. */
	TAILQ_FOREACH(header, headers, next)
		if (evutil_ascii_strcasecmp(header->key, "Host") == 0 &&
			!auth_host(header->value, request->server->hosts, address))
			return false;
	return true;
}

/* Returns whether the request contains the token.  Reads the file each time, so that a new token is
 * valid as soon as it is written. */
static bool is_authorized(const struct request *request)
{
	struct server *server = request->server;
	char token[AUTH_TOKEN_MAX], why[512];

	if (server->token_file == NULL)
		return true;
	if (auth_read_token(server->token_file, token, why, sizeof(why)) != 0) {
		if (!server->token_failed)
			vigil_error(server->d,
				"token_file: %s: %s; requests that need the token are refused",
				server->token_file, why);
		server->token_failed = true;
		return false;
	}
	server->token_failed = false;
	return auth_authorized(
		evhttp_find_header(evhttp_request_get_input_headers(request->req), "Authorization"),
		token);
}

/* Sends an error if the request must not be passed to its route.  Returns whether it did. */
static bool turn_away(const struct request *request, const struct listener *listener,
	const struct route *route, const char *path)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(request->req);

	if (!is_sent_here(request, listener)) {
		reply_error(request, 403,
			"the Host header names another host; add its name to the option hosts",
			NULL);
	} else if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
		reply_header(request, "Allow", "GET, HEAD");
		reply_error(request, 405, "only GET and HEAD are allowed", NULL);
	} else if ((route == NULL || !route->open) && !is_authorized(request)) {
		reply_header(request, "WWW-Authenticate", "Bearer realm=\"vigil\"");
		reply_header(
			request, "WWW-Authenticate", "Basic realm=\"vigil\", charset=\"UTF-8\"");
		reply_error(request, 401, "a token is required", NULL);
	} else if (connection_is_extra(request->connection) && (route == NULL || !route->open)) {
		reply_header(request, "Retry-After", "2");
		reply_header(request, "Connection", "close");
		reply_error(request, 503, "too many connections; only /healthz is answered", NULL);
	} else if (route == NULL) {
		reply_no_page(request, path);
	} else {
		return false;
	}
	return true;
}

/* Returns the path of a request with %XX decoded; the caller frees it.  NULL: it is missing, cannot
 * be decoded, or contains a NUL. */
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

static void on_request(struct evhttp_request *req, void *arg)
{
	struct listener *listener = arg;
	struct request request = {.server = listener_server(listener),
		.connection = connection_of(listener_server(listener), req),
		.req = req,
		.head = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD};
	const struct framing_refusal *refusal;
	const struct route *route;
	char *path;

	if (request.connection == NULL) { /* connection_new was out of memory */
		evhttp_send_error(req, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	refusal = connection_refusal(request.connection);
	if (refusal != NULL) {
		refusal_log_add(request.server, request.connection, refusal);
		reply_error(&request, refusal->code, refusal->text, NULL);
		return;
	}
	path = decode_path(req);
	if (path == NULL) {
		reply_error(&request, 400, "invalid path", NULL);
		return;
	}
	route = find_route(path, &request.rest);
	if (!turn_away(&request, listener, route, path))
		route->answer(&request);
	free(path);
}

/* --- start and stop --------------------------------------------------------------------------- */

static void read_options(struct server *server)
{
	vigil_daemon *d = server->d;

	server->hosts = vigil_option_list(d, "hosts");
	server->token_file = vigil_option_text(d, "token_file");
	server->limits = (struct limits){
		.connections = (unsigned)vigil_option_int(d, "connections_max"),
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

/* Publishes the addresses in the state, with the port that the kernel chose. */
static void publish_listeners(struct server *server)
{
	json_t *list = json_array();
	struct listener *listener;
	char text[ADDRESS_TEXT];

	for (listener = listener_next(server, NULL); listener != NULL;
		listener = listener_next(server, listener)) {
		const struct sockaddr *address = listener_address(listener);

		address_print(address, listener_address_size(listener), text);
		json_array_append_new(list, json_string(text));
		vigil_log(server->d, VIGIL_NOTICE, "listening on %s%s", text,
			server->tls != NULL ? ", with TLS" : "");
		if (!address_is_local(address) && server->token_file == NULL)
			vigil_log(server->d, VIGIL_WARN,
				"everyone who can reach %s may read the whole state; see "
				"token_file",
				text);
	}
	vigil_state_set(server->d, "listen", list);
	vigil_health(server->d, VIGIL_OK, "listening");
}

static void stop(vigil_daemon *d)
{
	struct server *server = vigil_data(d);

	listener_free_all(server);
	connection_free_all(server);
	stream_close(server);
	tls_close(server);
}

static int start(vigil_daemon *d)
{
	struct server *server = vigil_alloc(d, sizeof(*server));
	int err;

	server->d = d;
	server->base = vigil_base(d);
	server->on_request = on_request;
	TAILQ_INIT(&server->listeners);
	LIST_INIT(&server->connections);
	LIST_INIT(&server->shares);
	TAILQ_INIT(&server->replies);
	vigil_set_data(d, server);
	read_options(server);
	changes_open(server);
	stream_open(server);
	refusal_log_open(server);
	err = http_check(d);
	if (err == 0)
		err = tls_open(server);
	if (err == 0)
		err = listener_open(server, vigil_option_list(d, "listen"));
	if (err != 0) {
		stop(d); /* the host calls stop only for daemons that have started */
		return err;
	}
	publish_listeners(server);
	return 0;
}

static const vigil_option options[] = {
	VIGIL_OPTION("listen", VIGIL_LIST, "127.0.0.1:5669",
		"the addresses: ADDRESS:PORT, [ADDRESS]:PORT, unix:/PATH, systemd or systemd:NAME"),
	VIGIL_OPTION("socket_group", VIGIL_TEXT, NULL, "the group that may use unix:/PATH"),
	VIGIL_OPTION("tls_certificate", VIGIL_PATH, NULL,
		"the PEM file with the certificate and its chain"),
	VIGIL_OPTION(
		"tls_key", VIGIL_PATH, NULL, "the PEM file with the key; unset: tls_certificate"),
	VIGIL_OPTION(
		"token_file", VIGIL_PATH, NULL, "the file with the token that clients must send"),
	VIGIL_OPTION("hosts", VIGIL_LIST, NULL,
		"the names that are allowed in the Host header; * allows all"),
	VIGIL_OPTION("connections_max", VIGIL_INT, "64", "the maximum number of connections",
		.min = 1, .max = 4096),
	VIGIL_OPTION("request_timeout", VIGIL_DURATION, "10s",
		"how long a request may take to arrive, and a connection may be idle", .min = 0.1,
		.max = 3600),
	VIGIL_OPTION("reply_timeout", VIGIL_DURATION, "30s",
		"how long a client may take to read a reply", .min = 0.1, .max = 3600),
	VIGIL_OPTION("header_max", VIGIL_SIZE, "8KiB",
		"the maximum size of the request line and the headers of a request", .min = 256,
		.max = 65536),
	VIGIL_OPTION("body_max", VIGIL_SIZE, "4KiB",
		"the maximum size of the body of a request, which is discarded", .min = 0,
		.max = 65536),
	VIGIL_OPTION("changes_max", VIGIL_INT, "16",
		"the maximum number of clients of /v1/changes, and of open pages", .min = 0,
		.max = 4096),
	VIGIL_OPTION("changes_buffer", VIGIL_SIZE, "1MiB",
		"how much may wait for a client of /v1/changes before it is disconnected",
		.min = 1024, .max = 1073741824),
	VIGIL_OPTION("heartbeat", VIGIL_DURATION, "5s",
		"the time between two heartbeats to clients of /v1/changes and open pages",
		.min = 0.1, .max = 3600),
	VIGIL_OPTION("values_max", VIGIL_INT, "20000",
		"the maximum number of samples of the metric vigil_value", .min = 0,
		.max = 1000000),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "http", .summary = "status page, metrics and state over HTTP",
	.options = options, .start = start, .stop = stop, .check = http_check);
