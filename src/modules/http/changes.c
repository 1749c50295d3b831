/*
 * changes: see changes.h.  The first watcher makes this file subscribe to the state, once for all
 * watchers, and each change is formatted once.  Events that a client has not read yet wait in the
 * output buffer of its connection.  If more than limits.watcher_buffer bytes wait there, the
 * connection is closed.  The client may connect again and read the whole state again; the first
 * event, hello, tells it to do that.
 *
 * A comment line is sent every heartbeat, so that proxies do not time out, and so that vigild
 * notices when a client has disappeared without closing its connection.
 */
#include "changes.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "connection.h"
#include "reply.h"

#define POINTER_MAX 1024

struct watcher {
	struct changes *changes;
	struct connection *connection;
	struct evhttp_request *req;
	char pointer[POINTER_MAX];
	LIST_ENTRY(watcher) link;
};

struct changes {
	struct server *server;
	bool subscribed;
	unsigned count;
	LIST_HEAD(, watcher) watchers;
};

static void on_heartbeat(vigil_daemon *d, void *arg);

void changes_open(struct server *server)
{
	struct changes *changes = vigil_alloc(server->d, sizeof(*changes));

	changes->server = server;
	LIST_INIT(&changes->watchers);
	server->changes = changes;
}

/* --- watchers --------------------------------------------------------------------------------- */

/* The connection of the watcher ends. */
static void on_gone(void *arg)
{
	struct watcher *watcher = arg;

	if (evhttp_request_get_connection(watcher->req) == NULL)
		evhttp_request_free(watcher->req);
	LIST_REMOVE(watcher, link);
	watcher->changes->count--;
	free(watcher);
}

/* Sends the text to one watcher.  Returns false if the watcher was too slow and was closed. */
static bool send_text(struct watcher *watcher, const char *text, size_t length)
{
	struct server *server = watcher->changes->server;
	struct evbuffer *chunk;

	if (connection_pending(watcher->connection) + length > server->limits.watcher_buffer) {
		vigil_log(server->d, VIGIL_INFO,
			"a client of the event stream was too slow and was disconnected");
		evhttp_connection_free(evhttp_request_get_connection(watcher->req));
		return false;
	}
	chunk = evbuffer_new();
	if (chunk == NULL)
		return true;
	evbuffer_add(chunk, text, length);
	evhttp_send_reply_chunk(watcher->req, chunk);
	evbuffer_free(chunk);
	return true;
}

static bool covers(const char *outer, const char *inner)
{
	size_t length = strlen(outer);

	return strncmp(outer, inner, length) == 0 &&
	       (inner[length] == '\0' || inner[length] == '/');
}

/* Sends the text to the watchers of that JSON pointer, of a value that contains it, or of a value
 * inside it.  NULL: to all watchers. */
static void send_to_all(struct changes *changes, const char *pointer, const char *text)
{
	size_t length = strlen(text);
	struct watcher *watcher, *next;

	for (watcher = LIST_FIRST(&changes->watchers); watcher != NULL; watcher = next) {
		next = LIST_NEXT(watcher, link);
		if (pointer == NULL || covers(watcher->pointer, pointer) ||
			covers(pointer, watcher->pointer))
			send_text(watcher, text, length);
	}
}

/* --- events ----------------------------------------------------------------------------------- */

/* Formats an event; the caller frees it.  Takes the reference to data. */
static char *event_text(const char *event, json_int_t revision, json_t *data)
{
	char *json = vigil_json_text(data);
	char *text = NULL;

	if (json != NULL &&
		asprintf(&text, "%sid: %lld\ndata: %s\n\n", event, (long long)revision, json) < 0)
		text = NULL;
	free(json);
	json_decref(data);
	return text;
}

static json_int_t revision_now(struct server *server)
{
	return json_integer_value(vigil_state_get(server->d, "/vigil/revision"));
}

static void on_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	struct changes *changes = arg;
	struct server *server = changes->server;
	json_int_t revision;
	json_t *data;
	char *text;

	if (LIST_EMPTY(&changes->watchers))
		return;
	revision = revision_now(server);
	data = json_pack(
		"{s:I,s:o,s:s}", "revision", revision, "time", vigil_time(), "pointer", pointer);
	json_object_set_new(
		data, "value", value != NULL ? json_incref((json_t *)value) : json_null());
	text = event_text("", revision, data);
	if (text != NULL)
		send_to_all(changes, pointer, text);
	free(text);
}

static void on_heartbeat(vigil_daemon *d, void *arg)
{
	struct changes *changes = arg;

	send_to_all(changes, NULL, ": still here\n\n");
	if (changes->count > 0)
		vigil_after(d, changes->server->limits.heartbeat, on_heartbeat, changes);
}

static void greet(struct watcher *watcher)
{
	struct server *server = watcher->changes->server;
	json_int_t revision = revision_now(server);
	char *text = event_text("retry: 3000\nevent: hello\n", revision,
		json_pack("{s:I,s:o}", "revision", revision, "time", vigil_time()));

	if (text != NULL)
		send_text(watcher, text, strlen(text));
	free(text);
}

/* --- the request ------------------------------------------------------------------------------ */

static void begin(const struct request *request, struct watcher *watcher)
{
	struct changes *changes = watcher->changes;
	vigil_daemon *d = request->server->d;

	if (!changes->subscribed)
		changes->subscribed = vigil_on_change(d, "", on_change, changes) == 0;
	LIST_INSERT_HEAD(&changes->watchers, watcher, link);
	if (changes->count++ == 0) {
		vigil_cancel(d, on_heartbeat, changes);
		vigil_after(d, changes->server->limits.heartbeat, on_heartbeat, changes);
	}
	connection_work(request->connection, on_gone, watcher);
	connection_stays(request->connection);
	reply_begin_stream(request->req);
	greet(watcher);
}

/* Returns the oldest watcher of the peer with the most streams, if that peer has more than the
 * newcomer's peer would then have; otherwise NULL. */
static struct watcher *find_surplus(struct changes *changes, struct connection *newcomer)
{
	unsigned most = connection_peer_stays(newcomer) + 1, count;
	struct watcher *watcher, *found = NULL;

	LIST_FOREACH(watcher, &changes->watchers, link) {
		count = connection_peer_stays(watcher->connection);
		if (count > most || (found != NULL && count == most)) {
			most = count;
			found = watcher;
		}
	}
	return found;
}

/* Closes a watcher if there are too many, so that one peer cannot use up all places. */
static bool has_room(struct changes *changes, struct connection *newcomer)
{
	struct watcher *watcher;

	if (changes->count < changes->server->limits.watchers)
		return true;
	watcher = find_surplus(changes, newcomer);
	if (watcher == NULL)
		return false;
	evhttp_connection_free(evhttp_request_get_connection(watcher->req));
	return true;
}

void changes_reply(const struct request *request)
{
	struct changes *changes = request->server->changes;
	struct watcher *watcher;
	size_t length = strlen(request->rest);

	if (!has_room(changes, request->connection)) {
		reply_header(request, "Retry-After", "10");
		reply_error(request, 503, "too many clients watch changes", NULL);
		return;
	}
	if (length >= POINTER_MAX) {
		reply_error(request, 404, "the pointer is too long", NULL);
		return;
	}
	reply_header(request, "X-Accel-Buffering", "no"); /* proxies must pass on each event */
	if (request->head) {
		reply_text(request, 200, "text/event-stream", "");
		return;
	}
	watcher = calloc(1, sizeof(*watcher));
	if (watcher == NULL) {
		reply_error(request, 503, "out of memory", NULL);
		return;
	}
	reply_standing_headers(request, "text/event-stream");
	watcher->changes = changes;
	watcher->connection = request->connection;
	watcher->req = request->req;
	memcpy(watcher->pointer, request->rest, strcmp(request->rest, "/") == 0 ? 0 : length + 1);
	begin(request, watcher);
}
