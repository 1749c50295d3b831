/*
 * control_conn_send: sends replies and notifications to one connection.
 *
 * A short reply is a line in `out` that waits until the peer reads it.  A long reply is a stream,
 * which is generated piece by piece as the peer reads.  Other lines wait in `later` for the end of
 * the stream.
 */
#include "control/control_conn_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "command/reply_stream.h"
#include "loop/loop.h"

/* The number of bytes of a stream that are generated ahead of the peer. */
#define SERIES_WAITING (64 * 1024)
/* A connection with fewer waiting bytes is not closed because of the limit of its user. */
#define WAITING_SMALL (64 * 1024)

void conn_end_soon(struct conn *conn)
{
	if (conn->ending)
		return;
	conn->ending = true;
	event_del(conn->readable);
	control_work_remove(&conn->client);
	loop_timer_rearm(conn->end_timer, 0);
}

/* --- sending ---------------------------------------------------------------------------------- */

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
	if (conn->half_closed && evbuffer_get_length(conn->in) == 0 && conn->stream == NULL &&
		conn->pending == NULL)
		conn_end_soon(conn);
}

static void on_sent(const void *bytes, size_t length, void *text)
{
	shared_text_release(text);
}

/* Appends to a buffer.  If memory runs out, it returns an error: output for a client never makes
 * vigild exit. */
static int add(struct evbuffer *to, const char *bytes, size_t length)
{
	int err;

	memory_untrusted_begin();
	err = evbuffer_add(to, bytes, length);
	return memory_untrusted_end() ? -1 : err;
}

/* Queues a line.  A long line is referenced, not copied. */
static int queue_line(struct evbuffer *to, struct shared_text *text)
{
	if (text->length < MEMORY_LARGE / 2)
		return add(to, text->bytes, text->length);
	if (evbuffer_add_reference(to, text->bytes, text->length, on_sent, text) != 0)
		return -1;
	text->uses++;
	return 0;
}

static size_t waiting_of(const struct conn *conn)
{
	return evbuffer_get_length(conn->out) + evbuffer_get_length(conn->later);
}

/* True: the connections of the user together have too many bytes waiting, and this one has a large
 * part. */
static bool is_over_its_share(const struct conn *conn)
{
	const struct control_client *client;
	const struct conn *other;
	size_t sum = 0;

	if (waiting_of(conn) < WAITING_SMALL)
		return false;
	LIST_FOREACH(client, &conn->client.user->clients, user_link) {
		other = client->arg;
		sum += other->ending ? 0 : waiting_of(other);
	}
	return sum > CONN_USER_WAITING_MAX;
}

static struct evbuffer *queue_of(struct conn *conn)
{
	return conn->stream != NULL ? conn->later : conn->out;
}

/* True: too many bytes are waiting.  One reply may be long, but a peer for which replies
 * accumulate, also in the kernel's buffer, is not reading. */
static bool is_full(struct conn *conn)
{
	if (evbuffer_get_length(conn->out) >= WAITING_SMALL)
		(void)evbuffer_write(conn->out, conn->fd);
	return evbuffer_get_length(queue_of(conn)) > CONN_WAITING_MAX || is_over_its_share(conn);
}

void conn_send_shared(struct conn *conn, struct shared_text *text)
{
	if (text == NULL || conn->ending || (!conn->patient && is_full(conn)) ||
		queue_line(queue_of(conn), text) != 0)
		conn_end_soon(conn);
}

/* --- notifications ---------------------------------------------------------------------------- */

static struct shared_text *notification(const char *method, json_t *params)
{
	json_t *object =
		json_pack("{s:s,s:s,s:o}", "jsonrpc", "2.0", "method", method, "params", params);
	struct shared_text *text = shared_text_new(control_dump(object));

	json_decref(object);
	return text;
}

/* False: there is no room or no memory.  Neither closes a patient connection. */
static bool queue_notification(struct conn *conn, struct shared_text *text)
{
	return text != NULL && !is_full(conn) && queue_line(queue_of(conn), text) == 0;
}

static bool send_lost(struct conn *conn)
{
	struct shared_text *text;
	bool told;

	if (conn->lost == 0)
		return true;
	text = notification("lost", json_pack("{s:I}", "lines", (json_int_t)conn->lost));
	told = queue_notification(conn, text);
	shared_text_release(text);
	if (told)
		conn->lost = 0;
	return told;
}

void conn_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	conn->last_active = clock_now();
	conn_flush(conn);
	if (conn->lost > 0 && !conn->ending && send_lost(conn))
		event_add(conn->writable, NULL);
	if (conn->stream == NULL || conn->ending)
		return;
	loop_timer_rearm(conn->line_timer, CONN_TAKE_TIME);
	control_work_add(&conn->client);
}

void conn_notify_shared(struct conn *conn, struct shared_text *text)
{
	if (conn->ending)
		return;
	if (!conn->patient)
		conn_send_shared(conn, text);
	else if (!send_lost(conn) || !queue_notification(conn, text))
		conn->lost++;
	event_add(conn->writable, NULL);
}

void conn_notify(struct conn *conn, const char *method, json_t *params)
{
	struct shared_text *text = notification(method, params);

	conn_notify_shared(conn, text);
	shared_text_release(text);
}

/* --- replies ---------------------------------------------------------------------------------- */

void conn_send_text(struct conn *conn, char *bytes)
{
	struct shared_text *text = shared_text_new(bytes);

	conn_send_shared(conn, text);
	shared_text_release(text);
}

void conn_send_line(struct conn *conn, json_t *object)
{
	conn_send_text(conn, control_dump(object));
	json_decref(object);
}

/* --- streams ---------------------------------------------------------------------------------- */

void conn_begin_stream(struct conn *conn, json_t *id, struct reply_stream *stream)
{
	char *text = json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY);
	int n = -1;

	if (text != NULL)
		n = evbuffer_add_printf(
			conn->out, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":", text);
	free(text);
	conn->stream = stream;
	if (n < 0)
		conn_end_soon(conn);
}

static void end_stream(struct conn *conn)
{
	reply_stream_free(conn->stream);
	conn->stream = NULL;
	loop_timer_stop(conn->line_timer);
	if (add(conn->out, "}\n", 2) < 0 || evbuffer_add_buffer(conn->out, conn->later) < 0)
		conn_end_soon(conn);
}

bool conn_send_part(struct conn *conn)
{
	bool failed;
	char *text;

	if (evbuffer_get_length(conn->out) >= SERIES_WAITING)
		(void)evbuffer_write(conn->out, conn->fd);
	if (evbuffer_get_length(conn->out) >= SERIES_WAITING)
		return false;
	text = reply_stream_next(conn->stream, &failed);
	if (failed || (text != NULL && add(conn->out, text, strlen(text)) < 0))
		conn_end_soon(conn); /* an incomplete reply is invalid */
	else if (text == NULL)
		end_stream(conn);
	free(text);
	return conn->stream != NULL && !conn->ending;
}
