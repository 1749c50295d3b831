/*
 * stream: see stream.h.  The stream has these server-sent events: `hello`, then every row and the
 * head of the page, `all` with the names of the rows, then each row that changes, and `beat` every
 * heartbeat unless the connection is slow.  So a page needs no other request, notices when nothing
 * arrives any more, and is complete after each reconnect.
 *
 * A viewer is one open page.  It is sent more only while less than PENDING_MAX bytes wait in its
 * output buffer.
 */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "board.h"
#include "connection.h"
#include "names.h"
#include "page.h"
#include "reply.h"
#include "state_reader.h"

#define TURN_TIME   0.001
#define CHANGES     0.2 /* seconds; changes within this time are sent together */
#define SLOW        0.1 /* seconds between two attempts to send to a slow connection */
#define PENDING_MAX (64 * 1024)
/* Seconds between two renderings of all rows, because some of what rows show (errors, the last 24
 * hours) changes without a notification. */
#define AGAIN 60.0

struct viewer {
	struct stream *stream;
	struct connection *connection;
	struct evhttp_request *req;
	uint64_t version; /* of the last event that was sent */
	bool complete;    /* `all` was sent */
	LIST_ENTRY(viewer) link;
};

struct stream {
	struct server *server;
	struct board *board;
	unsigned count; /* of the viewers */
	bool subscribed;
	bool due;    /* on_turn is scheduled; only while there are viewers */
	double made; /* when all rows were last marked for rendering */
	LIST_HEAD(, viewer) viewers;
};

static void on_turn(vigil_daemon *d, void *arg);
static void on_beat(vigil_daemon *d, void *arg);

static void turn_in(struct stream *stream, double seconds)
{
	vigil_daemon *d = stream->server->d;

	if (seconds == 0)
		vigil_cancel(d, on_turn, stream);
	else if (stream->due)
		return;
	stream->due = vigil_after(d, seconds, on_turn, stream) == 0;
}

/* --- viewers ---------------------------------------------------------------------------------- */

static void on_gone(void *arg)
{
	struct viewer *viewer = arg;
	struct stream *stream = viewer->stream;

	if (evhttp_request_get_connection(viewer->req) == NULL)
		evhttp_request_free(viewer->req);
	LIST_REMOVE(viewer, link);
	free(viewer);
	if (--stream->count > 0)
		return;
	vigil_cancel(stream->server->d, on_turn, stream);
	vigil_cancel(stream->server->d, on_beat, stream);
	stream->due = false;
	board_free_rows(stream->board);
}

static void send_text(struct viewer *viewer, const char *text)
{
	struct evbuffer *chunk = evbuffer_new();

	if (chunk == NULL)
		return;
	evbuffer_add(chunk, text, strlen(text));
	evhttp_send_reply_chunk(viewer->req, chunk);
	evbuffer_free(chunk);
}

/* Sends the text and frees it.  NULL: sends nothing. */
static void send_new(struct viewer *viewer, char *text)
{
	if (text != NULL)
		send_text(viewer, text);
	free(text);
}

/* Sends the events that the viewer has not been sent.  Returns false if the connection is too
 * slow. */
static bool update(struct viewer *viewer)
{
	const struct board *board = viewer->stream->board;
	const char *text;

	while (connection_pending(viewer->connection) < PENDING_MAX) {
		text = board_event(board, &viewer->version);
		if (text == NULL)
			break;
		send_text(viewer, text);
	}
	if (connection_pending(viewer->connection) >= PENDING_MAX)
		return false;
	if (!viewer->complete)
		send_new(viewer, board_names(board));
	viewer->complete = true;
	return true;
}

/* Renders rows for at most TURN_TIME.  When all are rendered, sends them to all viewers. */
static void on_turn(vigil_daemon *d, void *arg)
{
	struct stream *stream = arg;
	double until = vigil_now() + TURN_TIME;
	struct viewer *viewer;
	bool slow = false;

	stream->due = false;
	while (board_make(stream->board)) {
		if (vigil_now() < until)
			continue;
		turn_in(stream, 0);
		return;
	}
	LIST_FOREACH(viewer, &stream->viewers, link)
		slow = !update(viewer) || slow;
	if (slow)
		turn_in(stream, SLOW);
}

static void on_beat(vigil_daemon *d, void *arg)
{
	struct stream *stream = arg;
	struct viewer *viewer;
	char *text = board_text("beat", json_pack("{s:o}", "time", vigil_time()));

	LIST_FOREACH(viewer, &stream->viewers, link)
		if (text != NULL && connection_pending(viewer->connection) < PENDING_MAX)
			send_text(viewer, text);
	free(text);
	if (vigil_now() - stream->made >= AGAIN) {
		stream->made = vigil_now();
		board_touch(stream->board, "");
	}
	board_touch_head(stream->board);
	turn_in(stream, CHANGES);
	vigil_after(d, stream->server->limits.heartbeat, on_beat, stream);
}

/* --- changes ---------------------------------------------------------------------------------- */

/* Reads the name of the daemon from "/runs/NAME/..." or "/daemons/NAME/...".  The name needs no
 * unescaping.  "": the pointer has none. */
static void read_name(const char *pointer, char *name, size_t size)
{
	const char *at = strchr(pointer + (pointer[0] == '/'), '/');

	at = at != NULL ? at + 1 : "";
	snprintf(name, size, "%.*s", (int)strcspn(at, "/"), at);
}

/* Returns whether a row may show the value at the pointer.  Rows show everything in /runs, and of
 * /daemons only the services.  The other values change most often. */
static bool is_shown(const char *pointer)
{
	static const char values[] = "/daemons/";
	const char *key;

	if (strncmp(pointer, values, strlen(values)) != 0)
		return true;
	key = strchr(pointer + strlen(values), '/');
	return key == NULL || strncmp(key + 1, READER_SERVICE, strlen(READER_SERVICE)) == 0;
}

static void on_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	struct stream *stream = arg;
	char name[256];

	if (stream->count == 0 || !is_shown(pointer))
		return;
	read_name(pointer, name, sizeof(name));
	if (strncmp(pointer, "/vigil", 6) == 0)
		board_touch_head(stream->board);
	else
		board_touch(stream->board, name);
	turn_in(stream, CHANGES);
}

/* Subscribes to each part of the state separately, so that many changes of values cannot displace a
 * change of health. */
static void subscribe(struct stream *stream)
{
	static const char *const places[] = {"/runs", "/daemons", "/vigil"};

	if (stream->subscribed)
		return;
	stream->subscribed = true;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		vigil_on_change(stream->server->d, places[i], on_change, stream);
}

/* --- the request ------------------------------------------------------------------------------ */

static void greet(struct viewer *viewer)
{
	char *text = board_text("hello",
		json_pack("{s:f,s:i,s:o}", "heartbeat", viewer->stream->server->limits.heartbeat,
			"page", (int)page_version(), "time", vigil_time()));

	send_text(viewer, "retry: 3000\n");
	send_new(viewer, text);
}

static void begin(const struct request *request, struct viewer *viewer)
{
	struct stream *stream = viewer->stream;
	vigil_daemon *d = request->server->d;

	subscribe(stream);
	LIST_INSERT_HEAD(&stream->viewers, viewer, link);
	if (stream->count++ == 0) {
		json_t *names = names_read(stream->server);

		stream->made = vigil_now();
		board_start(stream->board, names);
		json_decref(names);
		vigil_after(d, request->server->limits.heartbeat, on_beat, stream);
	}
	connection_work(request->connection, on_gone, viewer);
	connection_stays(request->connection);
	reply_begin_stream(request->req);
	greet(viewer);
	turn_in(stream, 0);
}

void stream_reply(const struct request *request)
{
	struct stream *stream = request->server->stream;
	struct viewer *viewer;

	if (stream->count >= request->server->limits.watchers) {
		reply_header(request, "Retry-After", "10");
		reply_error(request, 503, "too many pages are open (changes_max)", NULL);
		return;
	}
	reply_header(
		request, "X-Accel-Buffering", "no"); /* proxies must pass each event on at once */
	if (request->head) {
		reply_text(request, 200, "text/event-stream", "");
		return;
	}
	viewer = calloc(1, sizeof(*viewer));
	if (viewer == NULL) {
		reply_error(request, 503, "out of memory", NULL);
		return;
	}
	reply_standing_headers(request, "text/event-stream");
	viewer->stream = stream;
	viewer->connection = request->connection;
	viewer->req = request->req;
	begin(request, viewer);
}

/* --- start and end ---------------------------------------------------------------------------- */

void stream_open(struct server *server)
{
	struct stream *stream = vigil_alloc(server->d, sizeof(*stream));

	stream->server = server;
	stream->board = board_new(server->d);
	LIST_INIT(&stream->viewers);
	server->stream = stream;
}

void stream_close(struct server *server)
{
	board_free_rows(server->stream->board);
}
