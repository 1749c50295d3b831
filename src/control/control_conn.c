/*
 * control_conn: one client of the socket: its lines, its requests, its watches.
 *
 * Bytes go in one direction: read into `in`, cut into lines, each line answered into `out`, out
 * written when the peer takes it.  Requests are answered in the order they came, and only so
 * many in one turn of the loop, so that a client that pipelines thousands does not hold up the
 * others.  A peer that does not read, or never finishes a line, is closed.
 *
 * A connection is never freed while one of its own requests is being answered: what ends it
 * marks it as ending, and the loop's next turn does the rest.
 */
#include "control/control_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "command/command_handlers.h"
#include "command/series.h"
#include "data/pointer.h"
#include "data/state.h"
#include "host/host.h"
#include "loop/loop.h"

#define NESTING_MAX   16
#define REQUESTS_TURN 64
#define LINE_TIME     (5 * CLOCK_SECOND)
#define READ_TURN     (256 * 1024)

struct watch {
	struct conn *conn;
	struct state_watch *watch;
	SLIST_ENTRY(watch) link;
};

/* --- errors ------------------------------------------------------------------------------------- */

static json_t *error_object(json_t *id, enum command_error code, const char *message, json_t *data)
{
	json_t *error = json_pack("{s:i,s:s}", "code", (int)code, "message", message);

	if (data != NULL)
		json_object_set(error, "data", data);
	return json_pack("{s:s,s:O,s:o}", "jsonrpc", "2.0", "id", id, "error", error);
}

char *conn_error_line(enum command_error code, const char *message)
{
	json_t *null = json_null(), *object = error_object(null, code, message, NULL);
	char *text = json_dumps(object, JSON_COMPACT);
	char *line = memory_format("%s\n", text != NULL ? text : "");

	free(text);
	json_decref(object);
	json_decref(null);
	return line;
}

/* --- watching ------------------------------------------------------------------------------------ */

static void on_change(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	struct watch *watch = arg;
	struct conn *conn = watch->conn;

	conn_send_line(conn, json_pack("{s:s,s:s,s:o}", "jsonrpc", "2.0", "method", "changed",
				     "params", command_change(revision, pointer, value)));
	event_add(conn->writable, NULL);
}

static void begin_watch(struct conn *conn, json_t *params, struct command_reply *reply)
{
	const char *pointer = json_string_value(json_object_get(params, "pointer"));
	struct state *state = host_state(conn->host);
	struct watch *watch;

	if (conn->watch_count == CONN_WATCHES_MAX) {
		reply->code = COMMAND_BUSY;
		snprintf(reply->message, sizeof(reply->message),
			"watch: a connection has %d at most", CONN_WATCHES_MAX);
		return;
	}
	watch = memory_zero(sizeof(*watch));
	watch->conn = conn;
	watch->watch = state_watch(state, pointer != NULL ? pointer : "", on_change, watch);
	if (watch->watch == NULL) {
		free(watch);
		command_fail(reply, COMMAND_PARAMS,
			"watch: \"%.128s\" is not a JSON Pointer: it %s", pointer,
			pointer_error(pointer));
		return;
	}
	SLIST_INSERT_HEAD(&conn->watches, watch, link);
	conn->watch_count++;
	reply->result = json_pack("{s:I}", "revision", (json_int_t)state_revision(state));
}

/* --- requests -------------------------------------------------------------------------------------- */

static void run(struct conn *conn, const char *method, json_t *params, struct command_reply *reply)
{
	const struct command *watch;

	if (strcmp(method, "watch") != 0) {
		command_run(conn->host, &conn->peer, method, params, reply);
		return;
	}
	watch = command_admit(&conn->peer, method, params, reply);
	if (watch != NULL)
		begin_watch(conn, params, reply);
}

static void answer(struct conn *conn, json_t *id, struct command_reply *reply)
{
	static const char no_memory[] = "there is no memory for the answer";
	json_t *object;
	char *text;

	if (id == NULL)
		return; /* a notification gets none */
	if (reply->series != NULL) {
		conn_begin_series(conn, id, reply);
		return;
	}
	if (reply->code != 0)
		object = error_object(id, reply->code, reply->message, reply->data);
	else
		object = json_pack(
			"{s:s,s:O,s:O}", "jsonrpc", "2.0", "id", id, "result", reply->result);
	text = conn_dump(object);
	json_decref(object);
	if (text != NULL)
		conn_send_text(conn, text);
	else
		conn_send_line(conn, error_object(id, COMMAND_INTERNAL, no_memory, NULL));
}

static bool is_request(json_t *request)
{
	json_t *id = json_object_get(request, "id");
	const char *version = json_string_value(json_object_get(request, "jsonrpc"));

	return version != NULL && strcmp(version, "2.0") == 0 &&
	       json_is_string(json_object_get(request, "method")) &&
	       (id == NULL || json_is_string(id) || json_is_number(id) || json_is_null(id));
}

static void on_request(struct conn *conn, json_t *request)
{
	struct command_reply reply = {.in_parts = true};

	run(conn, json_string_value(json_object_get(request, "method")),
		json_object_get(request, "params"), &reply);
	answer(conn, json_object_get(request, "id"), &reply);
	series_free(reply.series);
	json_decref(reply.result);
	json_decref(reply.data);
}

static void on_line(struct conn *conn, const char *line, size_t length)
{
	json_t *null = json_null(), *request;
	json_error_t error;

	if (length == 0)
		return;
	memory_peer_begin();
	request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
	if (memory_peer_end())
		conn_send_line(conn, error_object(null, COMMAND_INTERNAL,
					     "there is no memory for the request", NULL));
	else if (request == NULL)
		conn_send_line(conn, error_object(null, COMMAND_PARSE, error.text, NULL));
	else if (!is_request(request) || json_depth(request, NESTING_MAX) > NESTING_MAX)
		conn_send_line(conn, error_object(null, COMMAND_INVALID, "not a request", NULL));
	else
		on_request(conn, request);
	json_decref(request);
	json_decref(null);
}

/* --- lines --------------------------------------------------------------------------------------------- */

/* Answers one line; false when there is no whole one. */
static bool take_line(struct conn *conn)
{
	size_t length;
	char *line = evbuffer_readln(conn->in, &length, EVBUFFER_EOL_LF);

	if (line == NULL) {
		/* With its end in sight there was no memory for it. */
		if (evbuffer_search_eol(conn->in, NULL, NULL, EVBUFFER_EOL_LF).pos >= 0)
			conn_end_soon(conn);
		return false;
	}
	if (length > CONN_LINE_MAX) {
		conn_send_line(conn, error_object(json_null(), COMMAND_INVALID,
					     "the line is over 64 KiB", NULL));
		conn->half_closed = true;
		evbuffer_drain(conn->in, evbuffer_get_length(conn->in));
	} else {
		if (length > 0 && line[length - 1] == '\r')
			length--;
		on_line(conn, line, length);
	}
	free(line);
	return !conn->ending;
}

/* The peer will send no more, so what is left is the last line, which need not end in a newline. */
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

/* What is left without its end: too long, the last line, or still to come. */
static void mind_the_rest(struct conn *conn)
{
	size_t left = evbuffer_get_length(conn->in);

	if (left > CONN_LINE_MAX) {
		conn_send_line(conn, error_object(json_null(), COMMAND_INVALID,
					     "the line is over 64 KiB", NULL));
		conn->half_closed = true;
		event_del(conn->readable);
		evbuffer_drain(conn->in, left);
		left = 0;
	}
	if (conn->half_closed) {
		take_last_line(conn);
		left = 0;
	}
	if (left == 0)
		loop_timer_stop(conn->line_timer);
	else if (loop_timer_due(conn->line_timer) == 0)
		loop_timer_again(conn->line_timer, LINE_TIME);
}

static void serve(struct conn *conn)
{
	unsigned served = 0;

	while (served < REQUESTS_TURN && conn->series == NULL && take_line(conn))
		served++;
	if (served > 0)
		loop_timer_stop(conn->line_timer); /* that line was finished */
	if (served == REQUESTS_TURN)
		loop_timer_again(conn->turn, 0);
	else if (!conn->ending && conn->series == NULL)
		mind_the_rest(conn);
	conn->last_active = clock_now();
	conn_flush(conn);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	int n = 1;

	while (n > 0 && evbuffer_get_length(conn->in) < READ_TURN)
		n = evbuffer_read(conn->in, conn->fd, CONN_LINE_MAX);
	if (n == 0) {
		conn->half_closed = true;
		event_del(conn->readable);
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		conn_end_soon(conn);
		return;
	}
	serve(conn);
}

static void on_turn(uint64_t missed, void *arg)
{
	struct conn *conn = arg;

	if (!conn->ending) {
		if (conn->series != NULL)
			conn_go_on(conn);
		else
			serve(conn);
		return;
	}
	(void)evbuffer_write(conn->out, conn->fd); /* what the peer still takes */
	conn->gone(conn, conn->gone_arg);
	conn_free(conn);
}

static void on_line_time(uint64_t missed, void *arg)
{
	conn_end_soon(arg);
}

/* --- life ------------------------------------------------------------------------------------------------ */

struct conn *conn_new(
	struct host *host, int fd, const struct peer *peer, conn_gone_fn *gone, void *arg)
{
	struct conn *conn = memory_zero(sizeof(*conn));
	struct loop *loop = host_loop(host);
	struct event_base *base = loop_base(loop);

	conn->host = host;
	conn->peer = *peer;
	conn->fd = fd;
	conn->gone = gone;
	conn->gone_arg = arg;
	conn->last_active = clock_now();
	SLIST_INIT(&conn->watches);
	conn->in = evbuffer_new();
	conn->out = evbuffer_new();
	conn->later = evbuffer_new();
	conn->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	conn->writable = event_new(base, fd, EV_WRITE, conn_on_writable, conn);
	conn->turn = loop_after(loop, 0, on_turn, conn);
	conn->line_timer = loop_after(loop, LINE_TIME, on_line_time, conn);
	if (conn->in == NULL || conn->out == NULL || conn->later == NULL ||
		conn->readable == NULL || conn->writable == NULL || conn->turn == NULL ||
		conn->line_timer == NULL || event_add(conn->readable, NULL) < 0) {
		conn_free(conn);
		return NULL;
	}
	loop_timer_stop(conn->turn);
	loop_timer_stop(conn->line_timer);
	return conn;
}

void conn_free(struct conn *conn)
{
	struct watch *watch;

	while ((watch = SLIST_FIRST(&conn->watches)) != NULL) {
		SLIST_REMOVE_HEAD(&conn->watches, link);
		state_unwatch(watch->watch);
		free(watch);
	}
	if (conn->readable != NULL)
		event_free(conn->readable);
	if (conn->writable != NULL)
		event_free(conn->writable);
	if (conn->in != NULL)
		evbuffer_free(conn->in);
	if (conn->out != NULL)
		evbuffer_free(conn->out);
	if (conn->later != NULL)
		evbuffer_free(conn->later);
	series_free(conn->series);
	loop_timer_free(conn->turn);
	loop_timer_free(conn->line_timer);
	close(conn->fd);
	free(conn);
}

const struct peer *conn_peer(const struct conn *conn)
{
	return &conn->peer;
}

uint64_t conn_idle_since(const struct conn *conn)
{
	int unread = 0;
	bool busy = !SLIST_EMPTY(&conn->watches) || conn->series != NULL ||
		    evbuffer_get_length(conn->in) > 0 || evbuffer_get_length(conn->out) > 0;

	/* What it has sent since the loop last looked is a request, too. */
	busy = busy || (ioctl(conn->fd, FIONREAD, &unread) == 0 && unread > 0);
	return busy ? 0 : conn->last_active;
}
