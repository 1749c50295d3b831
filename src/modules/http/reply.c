/*
 * reply: sends replies, short ones at once and long ones in slices; see reply.h.
 *
 * A long reply is made in small pieces, because the state may be large and the loop thread has
 * other work.  Replies that have more to make wait in one queue.  One iteration of the loop spends
 * about TURN_TIME on all of them together, at most.  Each reply makes pieces until SLICE_TIME is
 * over or SLICE bytes are made.  If the first slice is the whole reply, it is sent with its length.
 * Otherwise it is sent in chunks, and the next chunk is made when the previous one has been written
 * to the socket.  So what a slow client has not read yet is not made yet.
 */
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>

#include "connection.h"

#define SLICE      (64 * 1024)
#define SLICE_TIME 0.001
#define TURN_TIME  0.005

struct reply {
	struct server *server;
	struct connection *connection;
	struct evhttp_request *req;
	struct evbuffer *out;
	reply_slice_fn *slice;
	reply_free_fn *release;
	void *arg;
	bool head;
	bool begun; /* its head has been sent */
	bool waits; /* it is in the queue */
	TAILQ_ENTRY(reply) link;
};

static void on_turn(vigil_daemon *d, void *arg);

/* --- headers ---------------------------------------------------------------------------------- */

void reply_header(const struct request *request, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(request->req), name, value);
}

void reply_standing_headers(const struct request *request, const char *type)
{
	static const char *const headers[][2] = {
		{"Cache-Control", "no-store"},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"X-Frame-Options", "DENY"},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		reply_header(request, headers[i][0], headers[i][1]);
	reply_header(request, "Content-Type", type);
}

/* Sends a whole reply.  For a HEAD request evhttp would send the body and leave out the length, so
 * this function adds the length and removes the body. */
static void send_whole(
	struct evhttp_request *req, bool head, int code, const char *reason, struct evbuffer *body)
{
	char length[32];

	if (head) {
		snprintf(length, sizeof(length), "%zu", evbuffer_get_length(body));
		evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Length", length);
		evbuffer_drain(body, evbuffer_get_length(body));
	}
	evhttp_send_reply(req, code, reason, body);
}

/* --- short replies ---------------------------------------------------------------------------- */

static const char *reason_of(int code)
{
	static const struct {
		int code;
		const char *reason;
	} reasons[] = {
		{200, "OK"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{431, "Request Header Fields Too Large"},
		{503, "Service Unavailable"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return "Error";
}

void reply_text(const struct request *request, int code, const char *type, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	if (body == NULL || evbuffer_add(body, text, strlen(text)) < 0) {
		evhttp_send_error(request->req, 503, NULL);
	} else {
		reply_standing_headers(request, type);
		send_whole(request->req, request->head, code, reason_of(code), body);
	}
	if (body != NULL)
		evbuffer_free(body);
}

void reply_error(const struct request *request, int code, const char *error, json_t *details)
{
	json_t *object = json_pack("{s:s}", "error", error);
	char *text = NULL;

	if (object != NULL && (details == NULL || json_object_update(object, details) == 0))
		text = json_dumps(object, JSON_COMPACT);
	reply_text(request, code, "application/json", text != NULL ? text : "{}");
	free(text);
	json_decref(object);
	json_decref(details);
}

/* --- long replies ----------------------------------------------------------------------------- */

static void reply_free(struct reply *reply)
{
	if (reply->waits)
		TAILQ_REMOVE(&reply->server->replies, reply, link);
	reply->release(reply->arg);
	evbuffer_free(reply->out);
	free(reply);
}

static void on_gone(void *arg)
{
	struct reply *reply = arg;

	/* If the request has no connection any more, evhttp has left it to this function; otherwise
	 * evhttp frees it. */
	if (evhttp_request_get_connection(reply->req) == NULL)
		evhttp_request_free(reply->req);
	reply_free(reply);
}

static void queue(struct reply *reply)
{
	struct server *server = reply->server;

	if (TAILQ_EMPTY(&server->replies)) {
		vigil_cancel(server->d, on_turn, server);
		vigil_after(server->d, 0, on_turn, server);
	}
	reply->waits = true;
	TAILQ_INSERT_TAIL(&server->replies, reply, link);
}

static void on_fetched(struct evhttp_connection *http_conn, void *arg)
{
	queue(arg);
}

void reply_begin_stream(struct evhttp_request *req)
{
	/* HTTP/1.0 has no chunks: the end of the connection ends the reply, so the connection must
	 * close. */
	if (req->major == 1 && req->minor == 0)
		evhttp_remove_header(evhttp_request_get_input_headers(req), "Connection");
	evhttp_send_reply_start(req, 200, "OK");
}

static void begin(struct reply *reply)
{
	if (!reply->begun)
		reply_begin_stream(reply->req);
	reply->begun = true;
}

/* Sends the last slice and frees the reply. */
static void finish(struct reply *reply)
{
	struct evhttp_request *req = reply->req;

	connection_work(reply->connection, NULL, NULL);
	if (!reply->begun) {
		send_whole(req, reply->head, 200, "OK", reply->out);
	} else {
		evhttp_send_reply_chunk(req, reply->out);
		evhttp_send_reply_end(req);
	}
	reply_free(reply);
}

/* Ends a long reply to HEAD after its head, without a length, because the length is not known. */
static void finish_head(struct reply *reply)
{
	connection_work(reply->connection, NULL, NULL);
	reply_begin_stream(reply->req);
	evhttp_send_reply_end(reply->req);
	reply_free(reply);
}

static void make_slice(struct reply *reply)
{
	double until = vigil_now() + SLICE_TIME;
	bool more;

	do {
		more = reply->slice(reply->out, reply->arg);
	} while (more && evbuffer_get_length(reply->out) < SLICE && vigil_now() < until);
	if (!more) {
		finish(reply);
	} else if (reply->head) {
		finish_head(reply);
	} else if (evbuffer_get_length(reply->out) > 0) {
		begin(reply);
		evhttp_send_reply_chunk_with_cb(reply->req, reply->out, on_fetched, reply);
	} else {
		queue(reply);
	}
}

static void on_turn(vigil_daemon *d, void *arg)
{
	struct server *server = arg;
	double until = vigil_now() + TURN_TIME;
	struct reply *reply;

	while ((reply = TAILQ_FIRST(&server->replies)) != NULL && vigil_now() < until) {
		TAILQ_REMOVE(&server->replies, reply, link);
		reply->waits = false;
		make_slice(reply);
	}
	if (reply != NULL) {
		vigil_cancel(d, on_turn, server);
		vigil_after(d, 0, on_turn, server);
	}
}

void reply_sliced(const struct request *request, const char *type, reply_slice_fn *slice,
	reply_free_fn *release, void *arg)
{
	struct reply *reply = calloc(1, sizeof(*reply));

	if (reply != NULL)
		reply->out = evbuffer_new();
	if (reply == NULL || reply->out == NULL) {
		free(reply);
		release(arg);
		reply_error(request, 503, "out of memory", NULL);
		return;
	}
	reply->server = request->server;
	reply->connection = request->connection;
	reply->req = request->req;
	reply->head = request->head;
	reply->slice = slice;
	reply->release = release;
	reply->arg = arg;
	reply_standing_headers(request, type);
	connection_work(request->connection, on_gone, reply);
	queue(reply);
}
