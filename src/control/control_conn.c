/*
 * control_conn: see control_conn.h.  Input is read into `in` and split into lines.  The reply to
 * each line is appended to `out`, and `out` is written when the socket is writable.  Requests are
 * answered in the order of their arrival, when it is the connection's turn (control_work.c).
 * Nothing more is read until all lines are answered.  A connection whose peer does not read, or
 * does not complete a line in time, is closed.
 *
 * A connection is never freed while one of its own requests runs: it is marked as ending, and a
 * timer of the loop frees it.
 */
#include "control/control_conn_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "command/pending.h"
#include "command/reply_stream.h"
#include "host/host.h"
#include "loop/loop.h"
#include "state/json_pieces.h"
#include "state/json_value.h"

#define NESTING_MAX 16
#define LINE_TIME   (5 * CLOCK_SECOND)
#define READ_TURN   (128 * 1024)

/* --- errors ----------------------------------------------------------------------------------- */

static json_t *error_object(json_t *id, enum command_error code, const char *message, json_t *data)
{
	json_t *error = json_pack("{s:i,s:s}", "code", (int)code, "message", message);

	if (data != NULL)
		json_object_set(error, "data", data);
	return json_pack("{s:s,s:O,s:o}", "jsonrpc", "2.0", "id", id, "error", error);
}

char *conn_error_line(enum command_error code, const char *message)
{
	json_t *object = error_object(json_null(), code, message, NULL);
	char *text = json_dumps(object, JSON_COMPACT);
	char *line = memory_format("%s\n", text != NULL ? text : "");

	free(text);
	json_decref(object);
	return line;
}

/* Sends an error about a line whose id is not known. */
static void refuse(struct conn *conn, enum command_error code, const char *message)
{
	conn_send_line(conn, error_object(json_null(), code, message, NULL));
}

/* Sends the error of a line that is too long, and drops what has arrived.  Nothing more is read. */
static void refuse_long_line(struct conn *conn)
{
	refuse(conn, COMMAND_INVALID, "the line is longer than 64 KiB");
	conn->half_closed = true;
	evbuffer_drain(conn->in, evbuffer_get_length(conn->in));
}

/* --- requests --------------------------------------------------------------------------------- */

static void run(struct conn *conn, const char *method, json_t *params, struct command_reply *reply)
{
	bool watch = strcmp(method, "watch") == 0;

	if (!watch && strcmp(method, "unwatch") != 0)
		command_run(conn->host, &conn->peer, method, params, reply);
	else if (command_admit(&conn->peer, "watch", watch ? params : NULL, reply) == NULL)
		return;
	else if (watch)
		conn_watch(conn, params, reply);
	else
		reply->result = json_pack("{s:i}", "watches", conn_unwatch_all(conn));
}

static void answer(struct conn *conn, json_t *id, struct command_reply *reply)
{
	static const char no_memory[] = "out of memory for the reply";
	json_t *object;
	char *text;

	if (id == NULL)
		return; /* a notification has no reply */
	if (reply->result != NULL && !json_is_small(reply->result))
		reply->stream = reply_stream_of(json_incref(reply->result));
	if (reply->stream != NULL) {
		conn_begin_stream(conn, id, reply->stream);
		reply->stream = NULL;
		return;
	}
	if (reply->code != 0)
		object = error_object(id, reply->code, reply->message, reply->data);
	else
		object = json_pack(
			"{s:s,s:O,s:O}", "jsonrpc", "2.0", "id", id, "result", reply->result);
	text = control_dump(object);
	json_decref(object);
	if (text != NULL)
		conn_send_text(conn, text);
	else
		conn_send_line(conn, error_object(id, COMMAND_INTERNAL, no_memory, NULL));
}

static void on_completed(struct command_reply *reply, void *arg)
{
	struct conn *conn = arg;

	answer(conn, conn->pending_id, reply);
	json_decref(conn->pending_id);
	conn->pending_id = NULL;
	conn->pending = NULL;
	if (conn->ending)
		loop_timer_rearm(conn->end_timer, 0);
	else
		control_work_add(&conn->client);
}

/* Keeps the request until its reply is complete. */
static void await(struct conn *conn, const char *method, json_t *id, struct command_reply *reply)
{
	conn->acts = command_find(method)->access != ACCESS_READ;
	conn->pending = reply->pending;
	conn->pending_id = json_incref(id);
	reply->pending = NULL;
	pending_await(conn->pending, on_completed, conn);
}

static bool is_request(json_t *request)
{
	json_t *id = json_object_get(request, "id");
	const char *version = json_string_value(json_object_get(request, "jsonrpc"));

	return version != NULL && strcmp(version, "2.0") == 0 &&
	       json_is_string(json_object_get(request, "method")) &&
	       (id == NULL || json_is_string(id) || json_is_number(id) || json_is_null(id));
}

/* True: the request has no effect, because it only reads and has no id, so it gets no reply.
 * `watch` is an exception, because it goes on. */
static bool is_in_vain(const char *method, const json_t *id)
{
	const struct command *command = command_find(method);

	return id == NULL && command != NULL && command->access == ACCESS_READ &&
	       command->run != NULL;
}

static void on_request(struct conn *conn, json_t *request)
{
	const char *method = json_string_value(json_object_get(request, "method"));
	json_t *id = json_object_get(request, "id");
	struct command_reply reply = {.in_parts = true};

	if (is_in_vain(method, id))
		return;
	run(conn, method, json_object_get(request, "params"), &reply);
	if (reply.pending != NULL)
		await(conn, method, id, &reply);
	else
		answer(conn, id, &reply);
	command_reply_clear(&reply);
}

static void on_line(struct conn *conn, const char *line, size_t length)
{
	json_error_t error;
	json_t *request;

	if (length == 0)
		return;
	memory_untrusted_begin();
	request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
	if (memory_untrusted_end())
		refuse(conn, COMMAND_INTERNAL, "out of memory for the request");
	else if (request == NULL)
		refuse(conn, COMMAND_PARSE, error.text);
	else if (!is_request(request) || json_depth(request, NESTING_MAX) > NESTING_MAX)
		refuse(conn, COMMAND_INVALID, "invalid request");
	else
		on_request(conn, request);
	json_decref(request);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Handles one line.  False: there is no complete line, or the connection is ending. */
static bool take_line(struct conn *conn)
{
	size_t length;
	char *line = evbuffer_readln(conn->in, &length, EVBUFFER_EOL_LF);

	if (line == NULL) {
		/* The line is complete, so evbuffer_readln failed because it is out of memory. */
		if (evbuffer_search_eol(conn->in, NULL, NULL, EVBUFFER_EOL_LF).pos >= 0)
			conn_end_soon(conn);
		return false;
	}
	if (length > CONN_LINE_MAX) {
		refuse_long_line(conn);
	} else {
		if (length > 0 && line[length - 1] == '\r')
			length--;
		on_line(conn, line, length);
	}
	free(line);
	return !conn->ending;
}

/* Handles the last line, which needs no newline, because the peer sends nothing more. */
static void take_last_line(struct conn *conn)
{
	size_t length = evbuffer_get_length(conn->in);
	const char *line = (const char *)evbuffer_pullup(conn->in, -1);

	if (length == 0)
		return;
	if (line == NULL)
		conn_end_soon(conn);
	else
		on_line(conn, line, line[length - 1] == '\r' ? length - 1 : length);
	evbuffer_drain(conn->in, length);
}

/* Handles the rest without a newline: it is too long, it is the last line, or its end has yet to
 * arrive. */
static void handle_incomplete_line(struct conn *conn)
{
	size_t left = evbuffer_get_length(conn->in);

	if (left > CONN_LINE_MAX) {
		event_del(conn->readable);
		refuse_long_line(conn);
		left = 0;
	}
	if (conn->half_closed) {
		take_last_line(conn);
		left = 0;
	}
	if (left == 0)
		loop_timer_stop(conn->line_timer);
	else if (loop_timer_due(conn->line_timer) == 0)
		loop_timer_rearm(conn->line_timer, LINE_TIME);
}

/* Resumes reading, because all lines are answered.  The rest may still be the last request. */
static void read_on(struct conn *conn)
{
	handle_incomplete_line(conn);
	if (!conn->half_closed && !conn->ending && event_add(conn->readable, NULL) < 0)
		conn_end_soon(conn);
}

/* Answers requests, or continues a reply.  True: there is more work now. */
static bool on_turn(uint64_t until, void *arg)
{
	struct conn *conn = arg;
	bool more = true;

	do {
		if (conn->stream != NULL) {
			more = conn_send_part(conn) || conn->stream == NULL;
		} else if (conn->pending != NULL) {
			more = false;
		} else if (!take_line(conn)) {
			read_on(conn);
			more = conn->stream != NULL;
			break;
		}
	} while (more && !conn->ending && clock_now() < until);
	conn->last_active = clock_now();
	conn_flush(conn);
	/* If the peer has read everything, there will be no writable event, so the work goes on
	 * now. */
	more |= conn->stream != NULL && evbuffer_get_length(conn->out) == 0;
	if (conn->stream != NULL && more)
		loop_timer_stop(conn->line_timer);
	else if (conn->stream != NULL && loop_timer_due(conn->line_timer) == 0)
		loop_timer_rearm(conn->line_timer, CONN_TAKE_TIME);
	return more && !conn->ending;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	int n = 1;

	while (n > 0 && evbuffer_get_length(conn->in) < READ_TURN)
		n = evbuffer_read(conn->in, conn->fd, CONN_LINE_MAX);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		conn_end_soon(conn);
		return;
	}
	conn->half_closed |= n == 0;
	event_del(conn->readable);
	/* The peer has sent a complete line in time, and is not responsible for the wait for its
	 * turn. */
	if (evbuffer_search_eol(conn->in, NULL, NULL, EVBUFFER_EOL_LF).pos >= 0)
		loop_timer_stop(conn->line_timer);
	conn->last_active = clock_now();
	control_work_add(&conn->client);
}

static void on_end(uint64_t missed, void *arg)
{
	struct conn *conn = arg;

	conn_unwatch_all(conn);
	if (conn->pending != NULL)
		return; /* what the request does goes on, and on_completed ends the connection */
	(void)evbuffer_write(conn->out, conn->fd); /* sends what the socket still accepts */
	conn->gone(conn, conn->gone_arg);
	conn_free(conn);
}

static void on_line_time(uint64_t missed, void *arg)
{
	struct conn *conn = arg;

	if (!conn->patient)
		conn_end_soon(conn);
}

/* --- creating and freeing --------------------------------------------------------------------- */

struct conn *conn_new(
	struct control_work *work, int fd, const struct peer *peer, conn_gone_fn *gone, void *arg)
{
	struct conn *conn = memory_zero(sizeof(*conn));
	struct host *host = control_work_host(work);
	struct loop *loop = host_loop(host);
	struct event_base *base = loop_base(loop);

	conn->host = host;
	conn->peer = *peer;
	conn->fd = fd;
	conn->gone = gone;
	conn->gone_arg = arg;
	conn->last_active = clock_now();
	conn->client = (struct control_client){.work = on_turn, .arg = conn};
	control_work_join(work, &conn->client, peer->uid);
	SLIST_INIT(&conn->watches);
	conn->in = evbuffer_new();
	conn->out = evbuffer_new();
	conn->later = evbuffer_new();
	conn->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	conn->writable = event_new(base, fd, EV_WRITE, conn_on_writable, conn);
	conn->end_timer = loop_once(loop, on_end, conn);
	conn->line_timer = loop_once(loop, on_line_time, conn);
	if (event_add(conn->readable, NULL) == 0)
		return conn;
	conn_free(conn);
	return NULL;
}

void conn_free(struct conn *conn)
{
	conn_unwatch_all(conn);
	control_work_leave(&conn->client);
	event_free(conn->readable);
	event_free(conn->writable);
	evbuffer_free(conn->in);
	evbuffer_free(conn->out);
	evbuffer_free(conn->later);
	pending_free(conn->pending);
	json_decref(conn->pending_id);
	reply_stream_free(conn->stream);
	loop_timer_free(conn->end_timer);
	loop_timer_free(conn->line_timer);
	close(conn->fd);
	free(conn);
}

void conn_set_patient(struct conn *conn)
{
	conn->patient = true;
}

bool conn_acts(const struct conn *conn)
{
	return conn->pending != NULL && conn->acts;
}

const struct peer *conn_peer(const struct conn *conn)
{
	return &conn->peer;
}

uint64_t conn_idle_since(const struct conn *conn)
{
	int unread = 0;
	bool busy = !SLIST_EMPTY(&conn->watches) || conn->stream != NULL || conn->pending != NULL ||
		    conn->client.waits || evbuffer_get_length(conn->in) > 0 ||
		    evbuffer_get_length(conn->out) > 0;

	/* Unread input in the kernel is a request, too. */
	busy = busy || (ioctl(conn->fd, FIONREAD, &unread) == 0 && unread > 0);
	return busy ? 0 : conn->last_active;
}
