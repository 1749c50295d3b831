/*
 * control_send: what goes out to one client of the socket: lines, and answers made while they go.
 *
 * A short answer is a line that waits until the peer takes it.  A long one is a series, of which
 * each turn of the loop makes a bit; what is to be said meanwhile waits for its end.
 */
#include "control/control_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "command/series.h"
#include "loop/loop.h"

/* Of a long answer, so much is made in one turn, and so much ahead of the peer. */
#define SERIES_TURN    (5 * CLOCK_MS)
#define SERIES_WAITING (256 * 1024)

void conn_end_soon(struct conn *conn)
{
	if (conn->ending)
		return;
	conn->ending = true;
	event_del(conn->readable);
	loop_timer_again(conn->turn, 0);
}

/* --- sending ------------------------------------------------------------------------------------ */

void conn_flush(struct conn *conn)
{
	while (evbuffer_get_length(conn->out) > 0) {
		if (evbuffer_write(conn->out, conn->fd) < 0) {
			if (errno == EAGAIN || errno == EINTR)
				event_add(conn->writable, NULL);
			else
				conn_end_soon(conn);
			return;
		}
	}
	if (conn->half_closed && evbuffer_get_length(conn->in) == 0 && conn->series == NULL)
		conn_end_soon(conn);
}

void conn_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	conn->last_active = clock_now();
	conn_flush(conn);
	if (conn->series != NULL)
		loop_timer_again(conn->turn, 0);
}

char *conn_dump(const json_t *object)
{
	char *text;

	memory_peer_begin();
	text = json_dumps(object, JSON_COMPACT);
	if (!memory_peer_end())
		return text;
	/* What jansson could not add it may have left out. */
	free(text);
	return NULL;
}

static void on_sent(const void *text, size_t length, void *arg)
{
	free((void *)text);
}

/* Queues a text as a line; takes it.  A long one is not copied. */
static int queue_line(struct evbuffer *to, char *text)
{
	size_t length = strlen(text);
	int err;

	if (length < MEMORY_LARGE / 2) {
		err = evbuffer_add(to, text, length);
		free(text);
	} else {
		err = evbuffer_add_reference(to, text, length, on_sent, NULL);
		if (err != 0)
			free(text);
	}
	return err == 0 ? evbuffer_add(to, "\n", 1) : err;
}

void conn_send_text(struct conn *conn, char *text)
{
	struct evbuffer *to = conn->series != NULL ? conn->later : conn->out;

	/* One reply may be long; a peer that lets them pile up, also in the kernel, is not
	 * reading. */
	if (evbuffer_get_length(conn->out) > CONN_WAITING_MAX)
		(void)evbuffer_write(conn->out, conn->fd);
	if (text == NULL || conn->ending || evbuffer_get_length(to) > CONN_WAITING_MAX) {
		conn_end_soon(conn);
		free(text);
	} else if (queue_line(to, text) != 0) {
		conn_end_soon(conn);
	}
}

void conn_send_line(struct conn *conn, json_t *object)
{
	conn_send_text(conn, conn_dump(object));
	json_decref(object);
}

/* --- long answers ------------------------------------------------------------------------------------ */

void conn_begin_series(struct conn *conn, json_t *id, struct command_reply *reply)
{
	char *text = json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY);
	int n = -1;

	if (text != NULL)
		n = evbuffer_add_printf(
			conn->out, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":", text);
	free(text);
	if (n < 0) {
		conn_end_soon(conn);
		return;
	}
	conn->series = reply->series;
	reply->series = NULL;
	event_del(conn->readable);
	loop_timer_again(conn->turn, 0);
}

static void end_series(struct conn *conn)
{
	series_free(conn->series);
	conn->series = NULL;
	if (evbuffer_add(conn->out, "}\n", 2) < 0 ||
		evbuffer_add_buffer(conn->out, conn->later) < 0 ||
		(!conn->half_closed && event_add(conn->readable, NULL) < 0))
		conn_end_soon(conn);
	loop_timer_again(conn->turn, 0); /* for what was read before */
}

/* Whether there is more. */
static bool tell_part(struct conn *conn)
{
	bool failed;
	char *text = series_next(conn->series, &failed);

	if (failed || (text != NULL && evbuffer_add(conn->out, text, strlen(text)) < 0))
		conn_end_soon(conn); /* half an answer is none */
	else if (text == NULL)
		end_series(conn);
	free(text);
	return conn->series != NULL && !conn->ending;
}

void conn_go_on(struct conn *conn)
{
	uint64_t began = clock_now();

	while (evbuffer_get_length(conn->out) < SERIES_WAITING &&
		clock_now() - began < SERIES_TURN && tell_part(conn))
		continue;
	conn_flush(conn);
	if (conn->series != NULL && evbuffer_get_length(conn->out) < SERIES_WAITING)
		loop_timer_again(conn->turn, 0);
}
