/*
 * console_stream: what a prompt writes, without ever waiting for whoever reads it.
 *
 * A terminal can be stopped by a key, a pager can stand still: then a plain write would hold the
 * loop up, and with it every daemon.  So printing goes to a FILE whose bytes pile up in a buffer,
 * and the buffer empties when the descriptor has room.  Who asks for more than is taken waits by
 * console_stream_waiting; nobody else does.
 *
 * The descriptor is shared with whoever started the program, so it is not ours to make
 * non-blocking.  A terminal is opened a second time instead; a pipe that polls as writable takes
 * PIPE_BUF at once; a file never waits.
 */
#include "client/console_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"

#define LAST_WORDS CLOCK_SECOND

struct console_stream {
	int fd, own; /* own: the same terminal, opened for us alone; or -1 */
	FILE *file;
	struct evbuffer *buffer;
	struct event *writable;
	struct loop_timer *drained;
	void (*on_drained)(void *arg);
	void *arg;
	bool broken;
};

static ssize_t on_write(void *cookie, const char *bytes, size_t length)
{
	struct console_stream *stream = cookie;

	if (stream->broken)
		return (ssize_t)length;
	return evbuffer_add(stream->buffer, bytes, length) == 0 ? (ssize_t)length : 0;
}

/* One write that does not wait; bytes, 0 when there is no room now, or -errno. */
static ssize_t put(const struct console_stream *stream)
{
	size_t left = evbuffer_get_length(stream->buffer);
	size_t length = left < PIPE_BUF ? left : PIPE_BUF;
	const unsigned char *bytes = evbuffer_pullup(stream->buffer, (ev_ssize_t)length);
	struct pollfd p = {.fd = stream->fd, .events = POLLOUT};
	ssize_t n;

	if (stream->own >= 0) {
		n = write(stream->own, bytes, length);
	} else {
		n = send(stream->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == ENOTSOCK)
			n = poll(&p, 1, 0) > 0 ? write(stream->fd, bytes, length) : 0;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n < 0 ? -errno : n;
}

/* False when it has to be tried again. */
static bool drain(struct console_stream *stream)
{
	ssize_t n = 1;

	while (n > 0 && evbuffer_get_length(stream->buffer) > 0) {
		n = put(stream);
		if (n > 0)
			evbuffer_drain(stream->buffer, (size_t)n);
	}
	if (n < 0) {
		stream->broken = true;
		evbuffer_drain(stream->buffer, evbuffer_get_length(stream->buffer));
	}
	return evbuffer_get_length(stream->buffer) == 0;
}

static void on_turn(uint64_t missed, void *arg)
{
	struct console_stream *stream = arg;

	stream->on_drained(stream->arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	console_stream_send(arg);
}

void console_stream_send(struct console_stream *stream)
{
	fflush(stream->file);
	if (evbuffer_get_length(stream->buffer) == 0 && !stream->broken)
		return;
	if (drain(stream))
		loop_timer_rearm(stream->drained, 0);
	else
		event_add(stream->writable, NULL);
}

FILE *console_stream_file(struct console_stream *stream)
{
	return stream->file;
}

size_t console_stream_waiting(const struct console_stream *stream)
{
	return evbuffer_get_length(stream->buffer);
}

bool console_stream_broken(const struct console_stream *stream)
{
	return stream->broken;
}

/* --- life ------------------------------------------------------------------------------------- */

static int open_terminal(int fd)
{
	char path[32];

	if (!isatty(fd))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

struct console_stream *console_stream_open(
	struct loop *loop, int fd, void (*on_drained)(void *arg), void *arg)
{
	const cookie_io_functions_t functions = {.write = on_write};
	struct console_stream *stream = memory_zero(sizeof(*stream));

	stream->fd = fd;
	stream->own = open_terminal(fd);
	stream->on_drained = on_drained;
	stream->arg = arg;
	stream->file = fopencookie(stream, "w", functions);
	stream->buffer = evbuffer_new();
	stream->writable = event_new(loop_base(loop), stream->own >= 0 ? stream->own : fd, EV_WRITE,
		on_writable, stream);
	stream->drained = loop_after(loop, 0, on_turn, stream);
	if (stream->file == NULL || stream->buffer == NULL || stream->writable == NULL ||
		stream->drained == NULL) {
		console_stream_close(stream);
		errno = ENOMEM;
		return NULL;
	}
	loop_timer_stop(stream->drained);
	return stream;
}

static void say_last_words(struct console_stream *stream)
{
	const uint64_t until = clock_now() + LAST_WORDS;
	struct pollfd p = {.fd = stream->own >= 0 ? stream->own : stream->fd, .events = POLLOUT};

	fflush(stream->file);
	while (!drain(stream) && clock_now() < until)
		poll(&p, 1, 50);
}

void console_stream_close(struct console_stream *stream)
{
	if (stream == NULL)
		return;
	if (stream->file != NULL && stream->buffer != NULL)
		say_last_words(stream);
	if (stream->file != NULL)
		fclose(stream->file);
	if (stream->writable != NULL)
		event_free(stream->writable);
	if (stream->buffer != NULL)
		evbuffer_free(stream->buffer);
	loop_timer_free(stream->drained);
	if (stream->own >= 0)
		close(stream->own);
	free(stream);
}
